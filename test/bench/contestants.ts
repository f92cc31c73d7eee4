import { isNull, sql } from 'drizzle-orm';
import { connect, type Sql } from '../../drizzle/connect';
import type { Database } from '../../jobs/context/attempt';
import type { BatchOptions } from '../../jobs/context/index';
import { lastKey, nextRanges } from '../../jobs/context/walk/boundary';
import { within } from '../../jobs/context/walk/range';
import { describeLocked } from '../../jobs/context/walk/tableState';
import { beginAttempt } from '../jobs/context/attempts';
import type { Bench } from './server';
import { lowered, users } from './users';

/** One way to fill users.email_lower. */
export type Contestant = (bench: Bench) => Promise<void>;

/** The largest batch size of the defaults, which simple changes like this one reach. */
const BATCH = 20_000;

/** Of the pipelined loop. */
const BOUNDARIES = 50;
const IN_FLIGHT = 2;
const LAST = '9223372036854775807';

export const lower = { emailLower: sql`lower(${users.email})` };

export const oneUpdate: Contestant = async ({ sql }) => {
  await sql`update users set email_lower = lower(email)`;
};

/** The same batches one after the other, without storing the progress. */
export const bareLoop: Contestant = (bench) =>
  withDatabase(bench, async (db) => {
    const key = await describeLocked(db, { table: users, columns: [users.id], descending: false });
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

/** Walks over the users and changes them. */
export type Walk = (job: BenchJob, options: Partial<BatchOptions>) => Promise<void>;

/** One UPDATE for each batch. */
export const changeBatch: Walk = ({ inBatches }, options) =>
  inBatches(users, { key: users.id, ...options }, (tx, batch) =>
    tx.update(users).set(lower).where(batch),
  );

/** inBatches with one UPDATE for each batch. */
export const inBatches = (options: Partial<BatchOptions>): Contestant =>
  job((walker) => changeBatch(walker, options));

/**
 * What one would write by hand for small batches: the boundaries of many batches are looked up at
 * once, each batch is one prepared statement that commits by itself, and the next one is sent
 * before the last one has answered.
 */
export const pipelinedLoop =
  (batch: number): Contestant =>
  async ({ databaseUrl }) => {
    const sql = connect(databaseUrl, { applicationName: 'bench', max: 1 });
    const change = (after: string, upto: string) =>
      sql`update users set email_lower = lower(email) where id > ${after} and id <= ${upto}`.execute();
    const sent: Promise<unknown>[] = [];
    let after = '0';
    for (let upto = await boundaries(sql, after, batch); upto.length > 0; ) {
      for (const id of upto) {
        if (sent.length === IN_FLIGHT) await sent.shift();
        sent.push(change(after, id));
        after = id;
      }
      upto = await boundaries(sql, after, batch);
    }
    await Promise.all([...sent, change(after, LAST)]);
    await sql.end();
  };

/** The ends of the next whole batches. */
async function boundaries(sql: Sql, after: string, batch: number): Promise<string[]> {
  const found = await sql<{ id: string }[]>`
    select id from (
      select id, row_number() over (order by id) as number
      from users where id > ${after} order by id limit ${batch * BOUNDARIES}
    ) ahead where number % ${batch} = 0 order by id`;
  return found.map(({ id }) => id);
}

/** inBatches with a condition, as in most jobs. */
export const inBatchesWhere = (options: Partial<BatchOptions>): Contestant =>
  inBatches({ where: isNull(users.emailLower), ...options });

/** Reads rows, maps them in JavaScript, and writes them back. */
export const updateRows = (options: Partial<BatchOptions>): Contestant =>
  job((walker) => lowered(walker, options));

/** What a job of the benchmarks is given. */
export type BenchJob = Awaited<ReturnType<typeof beginAttempt>>['job'];

function job(run: (job: BenchJob) => Promise<void>): Contestant {
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
