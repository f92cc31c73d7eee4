import { availableParallelism } from 'node:os';
import { UsageError } from '../../settings/usageError';
import { backfill } from './backfill';
import { count, spread, type Table } from './figures';
import { FORMER_DEFAULT } from './foreground';
import { rate } from './rate';
import type { Bench } from './server';
import { makeUsers, renewUsers } from './users';

/** Seconds after the start: the loop has to find its speed first. Until then, it is counted. */
const FROM = 10;
const UNTIL = 20;
/** Two cores do most of it in {@link UNTIL} seconds. */
const LARGER = 8;

const DEFAULTS = 'at defaults';
const FULL = '`throttle: false`';
const cores = availableParallelism();

const ways: Readonly<Record<string, Parameters<typeof backfill>[1]>> = {
  'the former default': FORMER_DEFAULT,
  [`${FULL}, 1 lane`]: { throttle: false, lanes: 1 },
  ...(cores > 1 && {
    [`${FULL}, ${cores} lanes`]: { throttle: false, lanes: Math.min(cores, 12) },
  }),
  [DEFAULTS]: {},
};

/** Measures what the defaults leave unused when nobody else needs the database. */
export async function idle(bench: Bench, size: number, rounds: number): Promise<Table> {
  const rows = size * LARGER;
  await makeUsers(bench.sql, rows);
  const speeds = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, options] of Object.entries(ways)) {
      await renewUsers(bench.sql);
      const speed = await fullSpeed(bench, options);
      speeds.get(name)?.push(speed);
      console.log(`  round ${round + 1}, ${name}: ${Math.round(speed / 1_000)} k rows/s`);
    }
  }
  const full = [...speeds].filter(([name]) => name.startsWith(FULL)).map(([, all]) => all);
  const best = (round: number) => Math.max(...full.map((all) => all[round] ?? 0));
  return {
    title: 'Nobody else there',
    text:
      `${count(rows)} rows, \`email_lower = lower(email)\`; the speed from ${FROM} seconds after the ` +
      `start to ${UNTIL} seconds, or to the end of the table. ${rounds} rounds, median (min–max). ` +
      `Ratios are to the best \`throttle: false\` of the same round.`,
    head: ['', '1,000 rows/s', `to the best ${FULL}`],
    rows: [...speeds].map(([name, all]) => [
      name,
      spread(
        all.map((speed) => speed / 1_000),
        0,
      ),
      spread(all.map((speed, round) => speed / best(round))),
    ]),
  };
}

async function fullSpeed(bench: Bench, options: Parameters<typeof backfill>[1]): Promise<number> {
  const stop = AbortSignal.timeout(UNTIL * 1_000);
  const { begun, moments } = await backfill(bench, options, stop);
  const last = moments.at(-1)?.at ?? begun;
  if (last < begun + (FROM + 1) * 1_000) {
    throw new UsageError(
      `the table was done within ${FROM + 1} seconds, before the speed could be measured: use a larger --rows`,
    );
  }
  return rate(moments, begun + FROM * 1_000, last);
}
