import {
  bareLoop,
  type Contestant,
  inBatches,
  inBatchesWhere,
  oneUpdate,
  pipelinedLoop,
  updateRows,
} from './contestants';
import { count, spread, type Table } from './figures';
import type { Bench } from './server';
import { makeUsers, renewUsers, requireDone } from './users';

const fast = { throttle: false, lanes: 1 } as const;
const of = (rows: number) => ({ ...fast, batchSize: { min: rows, max: rows } });

const BARE = 'bare loop of batches';
const contestants: Readonly<Record<string, Contestant>> = {
  'one UPDATE': oneUpdate,
  [BARE]: bareLoop,
  '`inBatches`, 1 lane': inBatches(fast),
  '`inBatches`, 2 lanes': inBatches({ ...fast, lanes: 2 }),
  '`inBatches`, 4 lanes': inBatches({ ...fast, lanes: 4 }),
  '`inBatches` with `where`, 1 lane': inBatchesWhere(fast),
  '`inBatches` with `where`, 2 lanes': inBatchesWhere({ ...fast, lanes: 2 }),
  '`updateRows`, 1 lane': updateRows(fast),
  '`updateRows`, 2 lanes': updateRows({ ...fast, lanes: 2 }),
  'bare pipelined loop of 2,000 rows': pipelinedLoop(2_000),
  '`inBatches` of 2,000 rows, 1 lane': inBatches(of(2_000)),
  'bare pipelined loop of 500 rows': pipelinedLoop(500),
  '`inBatches` of 500 rows, 1 lane': inBatches(of(500)),
};

/** The loop with which a contestant is compared: the one with batches of the same size. */
export const bareLoopOf = (contestant: string): string => {
  const rows = /of ([0-9,]+) rows/.exec(contestant)?.[1];
  return rows ? `bare pipelined loop of ${rows} rows` : BARE;
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
      'them in JavaScript and writes them back. A pipelined loop looks the boundaries of fifty ' +
      'batches up at once and sends the next batch before the last one has answered; contestants ' +
      'of a fixed size are compared with the one of that size.',
    head: ['', '1,000 rows/s', 'to one UPDATE', 'to the bare loop'],
    rows: [...seconds].map(([name, all]) => [
      name,
      spread(
        all.map((s) => rows / s / 1_000),
        0,
      ),
      against(name, 'one UPDATE'),
      against(name, bareLoopOf(name)),
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
