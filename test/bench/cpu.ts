import type { Throttle } from '../../jobs/context/index';
import { Mapping } from '../../jobs/thread/map/mapping';
import { built } from '../../settings/projectFolder';
import { beginAttempt } from '../jobs/context/attempts';
import { spread, type Table } from './figures';
import hash from './scrypt';
import type { Bench } from './server';
import { makeUsers, renewUsers, users } from './users';

const ROWS = 2_000;

interface Way {
  /** Undefined: the job's own thread does the work. */
  readonly threads: number | undefined;
  readonly throttle?: Throttle;
}

const WAYS: Readonly<Record<string, Way>> = {
  "the job's own thread": { threads: undefined },
  "the job's own thread, `throttle: false`": { threads: undefined, throttle: false },
  '`job.map`, 1 thread': { threads: 1 },
  '`job.map`, 2 threads': { threads: 2 },
  '`job.map`, 2 threads, `throttle: false`': { threads: 2, throttle: false },
};

/** A scrypt hash for each row, by default throttled. */
export async function cpu(bench: Bench, rounds: number): Promise<Table> {
  await makeUsers(bench.sql, ROWS);
  const seconds = new Map(Object.keys(WAYS).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, way] of Object.entries(WAYS)) {
      await renewUsers(bench.sql);
      const begun = performance.now();
      await hashAll(bench, way);
      seconds.get(name)?.push((performance.now() - begun) / 1_000);
    }
  }
  const [own = []] = seconds.values();
  return {
    title: 'Rows that keep a processor busy',
    text: `${ROWS.toLocaleString('en')} rows, a scrypt hash (N = 1,024) for each, ${rounds} rounds, the default throttle. The ratio compares speeds within one round: median (min–max).`,
    head: ['', 'rows/s', "to the job's own thread"],
    rows: [...seconds].map(([name, all]) => [
      name,
      spread(
        all.map((s) => ROWS / s),
        0,
      ),
      spread(all.map((s, round) => (own[round] ?? 0) / s)),
    ]),
  };
}

async function hashAll(bench: Bench, { threads, throttle }: Way): Promise<void> {
  const attempt = await beginAttempt(bench, '0001_bench');
  const mapping = new Mapping(built('test/bench/main.js'), attempt.signal);
  type Hashed = ReturnType<typeof hash>;
  await attempt.job.inBatches(users, { key: users.id, throttle }, async (tx, batch) => {
    const rows = await batch.rows({ id: users.id, email: users.email });
    const hashed = threads
      ? await mapping.map<Hashed>(rows, './scrypt.js', { threads })
      : rows.map(hash);
    await attempt.job.updateRows(tx, users, users.id, hashed);
  });
  await mapping.end();
  await attempt.end();
}
