import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from '../../../../drizzle/connect';
import type { JobsFolder } from '../../../support/jobsFolder';
import { waitFor } from '../../../support/waitFor';
import type { TestWorker } from '../../../support/workerProcess';
import { freeze } from '../../faults/frozen';
import { textOf } from '../../faults/points/coverage';
import { processTree } from '../../faults/processTree';
import { processAtPort } from '../clientProcess';
import type { Point, PostgresWire, Stopped } from '../postgresWire';
import { prepareKind, wrongWith } from './kinds';

/** Real servers with one worker behind a wire. */
export interface Bench {
  readonly sql: Sql;
  readonly wire: PostgresWire;
  readonly jobs: JobsFolder;
  startWorker(): Promise<TestWorker>;
  /** Starts the run, or wakes it. */
  run(): Promise<unknown>;
}

/** What happens at each point. */
export type Action = 'kill' | 'freeze' | 'cut';
export const ACTIONS: readonly Action[] = ['kill', 'freeze', 'cut'];

/** LRM_HEARTBEAT_TIMEOUT of the worker. Milliseconds. */
export const HEARTBEAT_TIMEOUT = 2_000;

/** The worker's settings. Every attempt is ended in the middle, again and again. */
export const SETTINGS = {
  LRM_HEARTBEAT_TIMEOUT: `${HEARTBEAT_TIMEOUT} ms`,
  LRM_RETRY_INITIAL_INTERVAL: '100 ms',
  LRM_RETRY_MAXIMUM_INTERVAL: '200 ms',
  LRM_MAX_FAILURES: '1000',
};

/** What {@link breakEvery} found. */
export interface Result {
  /** Points at which a statement was stopped. */
  readonly hit: readonly Point[];
  /** Points that nothing passed. */
  readonly missed: readonly Point[];
  /** What was done twice or not at all. */
  readonly wrong: readonly string[];
}

/** Something passes in this time, also on a busy machine. Milliseconds. */
const WITHIN = 60_000;
/** The first number of a migration's name. */
let last = 100;

/**
 * Runs migrations of a kind until a statement has been stopped, and its process broken, at each of the
 * points, and checks each migration at its end.
 */
export async function breakEvery(
  bench: Bench,
  kind: string,
  points: readonly Point[],
  action: Action,
  say: (what: string) => void = () => {},
): Promise<Result> {
  const { sql, wire } = bench;
  const left = new Set(points);
  const hit: Point[] = [];
  const wrong: string[] = [];
  let worker = await bench.startWorker();
  for (let before = -1; left.size > 0 && before < hit.length; ) {
    before = hit.length;
    const { name, completed, over } = await begin(bench, kind);
    while (left.size > 0) {
      const stopped = await wire.stopAtFirst([...left], WITHIN, over);
      if (!stopped) break;
      left.delete(point(stopped, left));
      hit.push(stopped.point);
      say(`${kind}: ${action} ${textOf(stopped.point)} in ${stopped.session}`);
      if (await breakAt(stopped, worker, action)) worker = await bench.startWorker();
    }
    await completed;
    wrong.push(...(await wrongWith(sql, name, kind)));
  }
  await worker.stop();
  return { hit, missed: [...left], wrong };
}

/** Migrations of these kinds, once, undisturbed. @returns which statements passed with each kind */
export async function passedByKind(
  bench: Bench,
  kinds: readonly string[],
): Promise<Map<string, Set<string>>> {
  const { sql, wire } = bench;
  const found = new Map<string, Set<string>>();
  const worker = await bench.startWorker();
  for (const kind of kinds) {
    const before = new Map(wire.passed);
    const { name, completed } = await begin(bench, kind);
    await completed;
    const wrong = await wrongWith(sql, name, kind);
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    const names = [...wire.passed].filter(([each, times]) => times > (before.get(each) ?? 0));
    // Those of a worker's start don't count: nothing of a migration has begun then.
    const here = names.map(([each]) => each).filter((each) => !each.startsWith('start: '));
    found.set(kind, new Set(here));
  }
  await worker.stop();
  return found;
}

/** Does not wait for the run to begin: its first statements are to be stopped, too. */
async function begin(bench: Bench, kind: string): Promise<Begun> {
  const { sql, jobs } = bench;
  last += 1;
  const name = `${String(last).padStart(4, '0')}_${kind}`;
  await prepareKind(sql, jobs, name, kind);
  await sql`insert into long_running_migrations.migrations (name) values (${name})`;
  const over = new AbortController();
  const completed = untilCompleted(sql, name).finally(() => over.abort());
  const all = Promise.all([completed, bench.run()]);
  // It may fail while a stop is waited for.
  all.catch(() => over.abort());
  return { name, completed: all, over: over.signal };
}

interface Begun {
  readonly name: string;
  readonly completed: Promise<unknown>;
  /** Aborted when the migration is completed, or will not be. */
  readonly over: AbortSignal;
}

async function untilCompleted(sql: Sql, name: string): Promise<void> {
  await waitFor(
    `${name} to be completed`,
    async () => {
      const [row] = await sql<{ status: string; error: string | null }[]>`
        select status, error from long_running_migrations.migrations where name = ${name}`;
      if (row?.status === 'failed') throw new Error(`${name} failed: ${row.error}`);
      return row?.status === 'completed';
    },
    10 * WITHIN,
  );
}

const point = ({ point }: Stopped, of: Iterable<Point>): Point =>
  [...of].find(({ name, when }) => name === point.name && when === point.when) ?? point;

/** @returns whether the worker was killed */
async function breakAt(stopped: Stopped, worker: TestWorker, action: Action): Promise<boolean> {
  try {
    if (action === 'cut') {
      stopped.cut();
      return false;
    }
    const pid = processAtPort(stopped.clientPort, processTree(worker.pid));
    // It has ended since, with its attempt.
    if (pid === undefined) return false;
    if (action === 'freeze') {
      await freeze([pid], HEARTBEAT_TIMEOUT + 1_000);
      return false;
    }
    process.kill(pid, 'SIGKILL');
    if (pid !== worker.pid) return false;
    await worker.exited;
    return true;
  } finally {
    stopped.release();
    // What was released must arrive before the next stop is looked for.
    await sleep(1);
  }
}
