import { NothingToBreak, type Target } from '../../fault';
import { processAtPort } from '../../wire/clientProcess';
import type { Stopped } from '../../wire/postgresWire';
import { processTree } from '../processTree';
import { type Coverage, textOf } from './coverage';

/** A statement that waits at a point, and the process that has sent it. */
export interface AtPoint {
  readonly stopped: Stopped;
  readonly pid: number;
  /** 'before 'batch: commit' in the session lrm:…:12'. */
  readonly where: string;
}

/** Points that are waited for together, and for how long: first the one that was hit least often. */
const ROUNDS = [
  { points: 1, milliseconds: 8_000 },
  { points: 6, milliseconds: 8_000 },
  { points: Number.POSITIVE_INFINITY, milliseconds: 15_000 },
];

/**
 * Stops a statement of the target's worker, or of one of its jobs, at the point that was hit least
 * often, calls `body`, and lets the statement go on, if `body` has not.
 * @throws NothingToBreak when nothing passes, or its process has ended meanwhile
 */
export async function stopSomewhere(
  { set, worker, random }: Target,
  coverage: Coverage,
  body: (at: AtPoint) => Promise<string>,
): Promise<string> {
  const passed = new Set(set.workers.flatMap(({ postgres }) => [...postgres.passed.keys()]));
  const points = coverage.next(passed, random);
  for (const { points: count, milliseconds } of ROUNDS) {
    const stopped = await worker.postgres.stopAtFirst(points.slice(0, count), milliseconds);
    if (!stopped) continue;
    try {
      const pid = processAtPort(stopped.clientPort, worker.pid ? processTree(worker.pid) : []);
      if (pid === undefined) continue;
      coverage.hit(stopped.point);
      const where = `${textOf(stopped.point)} in session ${stopped.session}`;
      return await body({ stopped, pid, where });
    } finally {
      stopped.release();
    }
  }
  throw new NothingToBreak(`worker ${worker.number} sent nothing that could be stopped`);
}
