import type { Client } from '@temporalio/client';
import { type Finding, failed, ok, warning } from '../../worker/health/finding';
import { checkTemporalServer } from '../../worker/health/temporal';
import { time } from '../status/format';
import { isOverdue } from '../temporal/overdue';
import { FORGOTTEN, otherWorkflow } from '../temporal/runTrouble';
import { readTemporalState, type TemporalState } from '../temporal/state';
import { text, versionTrouble } from '../temporal/versions';

/** @throws whatever the calls to Temporal throw */
export async function checkTemporal(client: Client, address: string): Promise<Finding[]> {
  const { connection, options } = client;
  const answers = await checkTemporalServer(connection, options.namespace, address);
  const state = await readTemporalState(client);
  return [...answers, worker(state), ...version(state), run(state), schedule(state)];
}

const worker = ({ workers }: TemporalState): Finding =>
  workers.length > 0
    ? ok('worker', workers.join(', '))
    : warning('worker', 'none has polled lately', 'npx lrm worker');

/** Only where some version matters: no worker of most installations has one. */
function version({ versions }: TemporalState): Finding[] {
  const { current, polling } = versions;
  if (!current && polling.every((each) => each === null)) return [];
  const trouble = versionTrouble(versions);
  if (trouble !== null) return [failed('version', trouble, null)];
  const whose = current ? `${text(current)} gets` : 'workers without a version get';
  return [ok('version', `${whose} the work`)];
}

function run({ run }: TemporalState): Finding {
  const notOurs = run && otherWorkflow(run);
  if (notOurs) return failed('run', notOurs, null);
  if (run?.waitsForNothing) return failed('run', FORGOTTEN, null);
  return ok('run', run ? `going since ${time(run.startedAt)}` : 'none is going');
}

/** The Schedule as it is, and what to do when it can't start a check. */
export function schedule({ schedule }: Pick<TemporalState, 'schedule'>): Finding {
  if (!schedule) return warning('schedule', 'there is none', 'npx lrm schedule');
  if (schedule.paused) {
    const note = schedule.note ? `: ${schedule.note}` : '';
    return warning('schedule', `paused${note}`, 'unpause it in the Web UI');
  }
  if (!schedule.next) return warning('schedule', 'it has no next time', 'npx lrm schedule');
  if (isOverdue(schedule.next)) {
    const what = `the check of ${time(schedule.next)} is overdue: Temporal's timers stand still`;
    const why = "as after its clock was wrong (is this machine's right?)";
    const next = "restart Temporal's server; still overdue after that: npx lrm run --inline";
    return warning('schedule', `${what}, ${why}`, next);
  }
  return ok('schedule', `next check ${time(schedule.next)}`);
}
