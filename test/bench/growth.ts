import { type Moment, NOTHING } from './backfill';
import { now } from './load/load';
import type { Bench } from './server';

const LOOK_EVERY_MS = 250;

/**
 * Watches one UPDATE of all users. It reports nothing, but each row that it has changed makes the
 * table larger, because the table was packed.
 */
export async function watchGrowth(
  bench: Bench,
  rows: number,
  update: () => Promise<void>,
): Promise<{ moments: readonly Moment[] }> {
  const packed = await size(bench);
  const moments = [moment(0)];
  const timer = setInterval(async () => {
    const at = now();
    moments.push(moment(Math.min(1, (await size(bench)) / packed - 1) * rows, at));
  }, LOOK_EVERY_MS);
  try {
    await update();
  } finally {
    clearInterval(timer);
  }
  moments.push(moment(rows));
  return { moments };
}

const moment = (done: number, at = now()): Moment => ({ ...NOTHING, at, done });

async function size({ sql }: Bench): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`
    select pg_relation_size('users')::float8 as bytes`;
  return row?.bytes ?? Number.NaN;
}
