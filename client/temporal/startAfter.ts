import type { Connections } from '../connections';
import { explain } from '../errors/explain';
import { say, warn } from '../terminal/output';
import { unpauseInTemporal } from './notify';
import { startRun, wakeRun } from './run';
import { warnWithoutWorker } from './state';

/** What a command's --json says of the run. */
export interface RunAfter {
  /** Null: none was asked for, or Temporal doesn't answer. */
  readonly run: 'started' | 'going' | null;
}

/**
 * What follows in Temporal when rows were put back in the line: those that were paused there, too,
 * are unpaused, and a run is started. One that is going looks again. The rows decide: where
 * Temporal doesn't answer, that is only said.
 * @param start false: leave starting a run to the Schedule
 */
export async function startAfter(
  connections: Connections,
  names: readonly string[],
  start: boolean,
): Promise<RunAfter> {
  try {
    const client = await connections.temporal();
    for (const name of names) await unpauseInTemporal(client, name);
    if (!start) {
      await wakeRun(client);
      return { run: null };
    }
    const { started } = await startRun(client);
    say(started ? 'a run has been started' : 'a run is going and takes what waits, slot by slot');
    await warnWithoutWorker(client);
    return { run: started ? 'started' : 'going' };
  } catch (error) {
    const next = start ? 'No run was started; when Temporal answers: npx lrm run' : '';
    warn(
      `${explain(error).line}. ${next || 'A run that is going notices later'}. What is paused in ` +
        'Temporal, too, keeps its slot until it is unpaused there',
    );
    return { run: null };
  }
}
