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
  const sizes = [{ at: now(), bytes: await size(bench) }];
  const look = async () => {
    const at = now();
    sizes.push({ at, bytes: await size(bench) });
  };
  // Without one look the curve has a point less. What is wrong with the server also ends the UPDATE.
  const timer = setInterval(() => void look().catch(() => {}), LOOK_EVERY_MS);
  try {
    await update();
  } finally {
    clearInterval(timer);
  }
  await look();
  return { moments: moments(sizes, rows) };
}

/** A changed row is larger than it was, so only the end shows how much a row adds. */
export function moments(
  sizes: readonly { readonly at: number; readonly bytes: number }[],
  rows: number,
): Moment[] {
  const packed = sizes[0]?.bytes ?? 0;
  const most = Math.max(...sizes.map(({ bytes }) => bytes));
  return sizes
    .slice()
    .sort((a, b) => a.at - b.at)
    .map(({ at, bytes }) => ({
      ...NOTHING,
      at,
      done: (rows * (bytes - packed)) / (most - packed),
    }));
}

async function size({ sql }: Bench): Promise<number> {
  const [row] = await sql<{ bytes: number }[]>`
    select pg_relation_size('users')::float8 as bytes`;
  return row?.bytes ?? Number.NaN;
}
