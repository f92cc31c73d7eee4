import { inBatches, updateRows } from './contestants';
import { count, type Table } from './figures';
import type { Bench } from './server';
import { timed } from './throughput';
import { makeUsers } from './users';

const fast = { throttle: false, lanes: 2 } as const;

/** The same walk over larger tables: neither speed nor memory may depend on the size. */
export async function scale(bench: Bench, sizes: readonly number[]): Promise<Table> {
  const rows: string[][] = [];
  const speeds: number[] = [];
  for (const size of sizes) {
    await makeUsers(bench.sql, size);
    const memory = watchMemory();
    const batches = size / (await timed(bench, inBatches(fast))) / 1_000;
    const mapped = size / (await timed(bench, updateRows(fast))) / 1_000;
    speeds.push(batches);
    const ratio = (batches / (speeds[0] ?? batches)).toFixed(2);
    rows.push([count(size), batches.toFixed(0), ratio, mapped.toFixed(0), memory().toFixed(0)]);
    console.log(`  ${rows.at(-1)?.join(', ')}`);
  }
  return {
    title: 'Size',
    text:
      'Two lanes, `throttle: false`. Memory is the most that the whole process held (RSS), all of ' +
      'Node included, while walking.',
    head: [
      'rows',
      '`inBatches`, 1,000 rows/s',
      'to the first',
      '`updateRows`, 1,000 rows/s',
      'memory, MiB',
    ],
    rows,
  };
}

/** Watches this process's memory; the returned function ends it and tells the most seen, in MiB. */
function watchMemory(): () => number {
  let most = 0;
  const look = () => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 100);
  return () => {
    clearInterval(timer);
    look();
    return most / 2 ** 20;
  };
}
