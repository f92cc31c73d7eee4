import { sql } from 'drizzle-orm';
import { backfill } from './backfill';
import { lower, type Walk } from './contestants';
import { count, spread, type Table } from './figures';
import { rate } from './rate';
import type { Bench } from './server';
import { makeUsers, renewUsers, users } from './users';

const FIXED_MS = 200;
/** Seconds of each walk, and after how many the size should be found. */
const SECONDS = 15;
const FOUND = 5;
/** The time to this row shows how quickly the size is found. */
const FIRST = 50_000;
/** The largest size of the defaults does a million and more in {@link SECONDS} seconds. */
const LARGER = 2;

const fixed = (rows: number) => ({ batchSize: { min: rows, max: rows } });
const ADAPTIVE = 'the size is found (defaults)';
const ways: Readonly<Record<string, Parameters<typeof backfill>[1]>> = {
  '1,000 rows a batch': fixed(1_000),
  '5,000 rows a batch': fixed(5_000),
  '20,000 rows a batch': fixed(20_000),
  [ADAPTIVE]: {},
};

/** A walk whose batch costs as much with one row as with a thousand. */
export async function fixedCost(bench: Bench, size: number, rounds: number): Promise<Table> {
  const rows = size * LARGER;
  await makeUsers(bench.sql, rows);
  const measured = new Map(Object.keys(ways).map((name) => [name, [] as Measured[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, options] of Object.entries(ways)) {
      await renewUsers(bench.sql);
      const found = await measure(bench, options);
      measured.get(name)?.push(found);
      console.log(`  round ${round + 1}, ${name}: ${Math.round(found.speed)} rows/s`);
    }
  }
  const fixedSizes = [...measured].filter(([name]) => name !== ADAPTIVE).map(([, all]) => all);
  const best = (round: number, figure: keyof Measured) =>
    Math.max(...fixedSizes.map((all) => all[round]?.[figure] ?? 0));
  const columns = (all: readonly Measured[], figure: keyof Measured) => [
    spread(
      all.map((each) => each[figure] / 1_000),
      1,
    ),
    spread(all.map((each, round) => each[figure] / best(round, figure))),
  ];
  return {
    title: 'A batch whose cost is mostly fixed',
    text:
      `Each batch waits ${FIXED_MS} ms, as for another service, and changes its rows; ` +
      `\`throttle: false\`, one lane, the default target time. ${count(rows)} rows, of which each ` +
      `walk does what it can in ${SECONDS} seconds; ${rounds} rounds. 1,000 rows/s, and the ratio ` +
      'to the best fixed size of the same round: median (min–max).',
    head: [
      '',
      `the first ${FIRST.toLocaleString('en')} rows`,
      'ratio',
      `from ${FOUND} s on`,
      'ratio',
    ],
    rows: [...measured].map(([name, all]) => [
      name,
      ...columns(all, 'first'),
      ...columns(all, 'speed'),
    ]),
  };
}

/** Rows per second. */
interface Measured {
  readonly first: number;
  readonly speed: number;
}

async function measure(bench: Bench, options: Parameters<typeof backfill>[1]): Promise<Measured> {
  const stop = AbortSignal.timeout(SECONDS * 1_000);
  const whole = { ...options, throttle: false, lanes: 1 } as const;
  const { begun, moments } = await backfill(bench, whole, stop, { walk: slowBatch });
  const last = moments.at(-1) ?? { at: begun, done: 0 };
  // A slow walk has not come so far: its speed is that of what it did.
  const first = moments.find(({ done }) => done >= FIRST) ?? last;
  const found = Math.min(begun + FOUND * 1_000, (begun + last.at) / 2);
  return {
    first: (first.done * 1_000) / (first.at - begun),
    speed: rate(moments, found, last.at),
  };
}

const slowBatch: Walk = ({ inBatches }, options) =>
  inBatches(users, { key: users.id, ...options }, async (tx, batch) => {
    await tx.execute(sql`select pg_sleep(${FIXED_MS / 1_000})`);
    await tx.update(users).set(lower).where(batch);
  });
