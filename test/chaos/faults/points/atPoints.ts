import type { Fault, Target } from '../../fault';
import { freeze, stateOf } from '../frozen';
import { inSeconds } from '../lasts';
import { Coverage } from './coverage';
import { type AtPoint, stopSomewhere } from './stopSomewhere';

/** Faults that hit one statement on purpose: before the server gets it, or before its answer. */
export const atPoints: readonly Fault[] = [
  pointFault('SIGKILL at a point', new Coverage(), async (at, target) => {
    const who = await kill(at, target);
    return `${who} killed ${at.where}${letGo(at, target)}`;
  }),
  pointFault('freeze at a point', new Coverage(), async (at, { set, worker, random }) => {
    const milliseconds = set.heartbeatTimeout + random.integer(1_000, 4_000);
    // The network may bring what a frozen process has sent at once, or when its successor works.
    const late = random.chance(0.5);
    if (!late) at.stopped.release();
    await freeze([at.pid], milliseconds);
    const who = at.pid === worker.pid ? 'worker' : 'job process';
    return `${who} ${at.pid} frozen ${at.where} for ${inSeconds(milliseconds)}${late ? ', the statement too' : ''}`;
  }),
  pointFault('cut at a point', new Coverage(), async ({ stopped, where }) => {
    stopped.cut();
    return `connection cut ${where}`;
  }),
  pointFault(
    'answer to COMMIT swallowed',
    new Coverage(({ name, when }) => when === 'after' && name.endsWith(': commit')),
    async ({ stopped, where }) => {
      stopped.cut();
      return `connection cut ${where}`;
    },
  ),
];

function pointFault(
  kind: string,
  coverage: Coverage,
  body: (at: AtPoint, target: Target) => Promise<string>,
): Fault {
  return {
    kind,
    part: 'worker',
    needs: ['postgres', 'temporal'],
    weight: 4,
    inflict: async (target) => {
      const done = await stopSomewhere(target, coverage, (at) => body(at, target));
      // A worker may end by itself when it has lost too much.
      await target.worker.start();
      return done;
    },
  };
}

/** Kills the process that has sent the statement, or its worker, which takes its job processes with it. */
async function kill({ pid }: AtPoint, { worker, random }: Target): Promise<string> {
  if (pid === worker.pid || random.chance(0.3)) {
    const { pid: killed } = worker;
    worker.kill('SIGKILL');
    await worker.ended();
    return `worker ${killed}`;
  }
  if (stateOf(pid) !== 'X') process.kill(pid, 'SIGKILL');
  return `job process ${pid}`;
}

/** What a killed process has sent may still be under way, or be lost. */
function letGo({ stopped }: AtPoint, { random }: Target): string {
  if (stopped.point.when === 'after') return '';
  if (random.chance(0.5)) {
    stopped.release();
    return ', the statement arrived';
  }
  stopped.cut();
  return ', the statement was lost';
}
