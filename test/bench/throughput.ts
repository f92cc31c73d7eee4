import {
  bareLoop,
  type Contestant,
  inBatches,
  inBatchesWhere,
  oneUpdate,
  updateRows,
} from './contestants';
import { count, spread, type Table } from './figures';
import type { Bench } from './server';
import { makeUsers, renewUsers, requireDone } from './users';

const fast = { throttle: false } as const;

const contestants: Readonly<Record<string, Contestant>> = {
  'one UPDATE': oneUpdate,
  'bare loop of batches': bareLoop,
  '`inBatches`, 1 lane': inBatches(fast),
  '`inBatches`, 2 lanes': inBatches({ ...fast, lanes: 2 }),
  '`inBatches`, 4 lanes': inBatches({ ...fast, lanes: 4 }),
  '`inBatches` with `where`, 1 lane': inBatchesWhere(fast),
  '`inBatches` with `where`, 2 lanes': inBatchesWhere({ ...fast, lanes: 2 }),
  '`updateRows`, 1 lane': updateRows(fast),
  '`updateRows`, 2 lanes': updateRows({ ...fast, lanes: 2 }),
};

/** Runs all contestants in each round, so that other load on the machine affects all of them. */
export async function throughput(bench: Bench, rows: number, rounds: number): Promise<Table> {
  await makeUsers(bench.sql, rows);
  const seconds = new Map(Object.keys(contestants).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, contestant] of Object.entries(contestants)) {
      seconds.get(name)?.push(await timed(bench, contestant));
      console.log(`  round ${round + 1}, ${name}: ${seconds.get(name)?.at(-1)?.toFixed(1)} s`);
    }
  }
  const against = (name: string, other: string) =>
    spread((seconds.get(name) ?? []).map((s, round) => (seconds.get(other)?.[round] ?? 0) / s));
  return {
    title: 'Throughput',
    text:
      `${count(rows)} rows, \`email_lower = lower(email)\`, ${rounds} rounds, \`throttle: false\`. ` +
      'Ratios compare speeds within one round: median (min–max). `updateRows` reads the rows, maps ' +
      'them in JavaScript and writes them back.',
    head: ['', '1,000 rows/s', 'to one UPDATE', 'to the bare loop'],
    rows: [...seconds].map(([name, all]) => [
      name,
      spread(
        all.map((s) => rows / s / 1_000),
        0,
      ),
      against(name, 'one UPDATE'),
      against(name, 'bare loop of batches'),
    ]),
  };
}

/** Returns the seconds from a fresh table to the last row. */
export async function timed(bench: Bench, contestant: Contestant): Promise<number> {
  await renewUsers(bench.sql);
  const begun = performance.now();
  await contestant(bench);
  const seconds = (performance.now() - begun) / 1_000;
  await requireDone(bench.sql);
  return seconds;
}
