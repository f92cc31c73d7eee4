import { isNull, sql } from 'drizzle-orm';
import type { Database } from '../../jobs/context/attempt';
import type { BatchOptions } from '../../jobs/context/index';
import { lastKey, nextRanges } from '../../jobs/context/walk/boundary';
import { describeKey } from '../../jobs/context/walk/key';
import { within } from '../../jobs/context/walk/range';
import { beginAttempt } from '../jobs/context/attempts';
import type { Bench } from './server';
import { lowered, users } from './users';

/** One way to fill users.email_lower. */
export type Contestant = (bench: Bench) => Promise<void>;

/** The largest batch size of the defaults, which simple changes like this one reach. */
const BATCH = 20_000;

const lower = { emailLower: sql`lower(${users.email})` };

export const oneUpdate: Contestant = async ({ sql }) => {
  await sql`update users set email_lower = lower(email)`;
};

/** The same batches one after the other, without storing the progress. */
export const bareLoop: Contestant = (bench) =>
  withDatabase(bench, async (db) => {
    const key = await describeKey(db, { table: users, columns: [users.id], descending: false });
    const upto = await lastKey(db, key);
    if (!upto) return;
    for (
      let gap: { after: readonly string[] | null; upto: readonly string[] } = { after: null, upto };
      ;
    ) {
      const one = { size: BATCH, ranges: 1, keys: BATCH };
      const [range] = await nextRanges(db, key, undefined, gap, one);
      if (!range) return;
      await db.update(users).set(lower).where(within(key, range));
      if (range.upto.join() === upto.join()) return;
      gap = { after: range.upto, upto };
    }
  });

/** inBatches with one UPDATE for each batch. */
export const inBatches = (options: Partial<BatchOptions>): Contestant =>
  job(({ inBatches }) =>
    inBatches(users, { key: users.id, ...options }, (tx, batch) =>
      tx.update(users).set(lower).where(batch),
    ),
  );

/** inBatches with a condition, as in most jobs. */
export const inBatchesWhere = (options: Partial<BatchOptions>): Contestant =>
  inBatches({ where: isNull(users.emailLower), ...options });

/** Reads rows, maps them in JavaScript, and writes them back. */
export const updateRows = (options: Partial<BatchOptions>): Contestant =>
  job((walker) => lowered(walker, options));

type Job = Awaited<ReturnType<typeof beginAttempt>>['job'];

function job(run: (job: Job) => Promise<void>): Contestant {
  return async (bench) => {
    const attempt = await beginAttempt(bench, '0001_bench');
    await run(attempt.job);
    await attempt.end();
  };
}

async function withDatabase(bench: Bench, work: (db: Database) => Promise<void>): Promise<void> {
  const attempt = await beginAttempt(bench, '0001_bench');
  await work(attempt.db);
  await attempt.end();
}
