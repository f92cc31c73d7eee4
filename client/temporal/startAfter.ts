import type { Connections } from '../connections';
import { explain } from '../errors/explain';
import { say, warn } from '../terminal/output';
import { unpauseInTemporal } from './notify';
import { startRun, wakeRun } from './run';
import { warnWithoutWorker } from './workers';

/** The run in the output of a command's --json. */
export interface RunAfter {
  /** Null when no run was asked for, or Temporal doesn't answer. */
  readonly run: 'started' | 'going' | null;
}

/** What a line says of a row that has become pending again, if no run is started for it. */
export const nextRun = (start: boolean): string =>
  start ? '' : '. The next run takes it; to start one now: npx lrm run';

/**
 * Call it after rows have become pending again. Unpauses those that are also paused in Temporal, and
 * starts a run or wakes the one that is going. The rows alone decide, so this only warns when
 * Temporal doesn't answer.
 * @param start false: don't start a run; the Schedule will
 */
export async function startAfter(
  connections: Connections,
  names: readonly string[],
  start: boolean,
): Promise<RunAfter> {
  try {
    const client = await connections.temporal();
    await unpauseInTemporal(client, names);
    if (!start) {
      await wakeRun(client);
      return { run: null };
    }
    const { started } = await startRun(client);
    say(
      started
        ? 'a run has been started'
        : 'a run is going and starts what waits as slots become free',
    );
    await warnWithoutWorker(client);
    return { run: started ? 'started' : 'going' };
  } catch (error) {
    const next = start ? 'No run was started; when Temporal answers, type: npx lrm run' : '';
    warn(
      `${explain(error).line}. ${next || 'A run that is going notices later'}. What is also ` +
        'paused in Temporal keeps its slot until it is unpaused there',
    );
    return { run: null };
  }
}
