import { sql } from 'drizzle-orm';
import type { JobContext } from '../../../jobs/context';

/** Counts how often each row of `ledger` was touched. */
export async function run(job: JobContext): Promise<void> {
  const walk = { key: sql`id`, throttle: false, lanes: 2, batchSize: { max: 200 } } as const;
  await job.inBatches(sql`ledger`, walk, async (tx, batch) => {
    await tx.execute(sql`update ledger set touched = touched + 1 where ${batch}`);
    // Slow enough for the worker to be killed in the middle of a batch.
    await tx.execute(sql`select pg_sleep(0.02)`);
  });
}
