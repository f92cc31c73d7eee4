import { sql } from 'drizzle-orm';
import { COMMIT_DURABLY } from '../../drizzle/durable';
import { inTransaction } from '../../drizzle/transaction';
import {
  type Attempt,
  type Database,
  fencedTransaction,
  type Transaction,
} from '../context/attempt';

/**
 * Makes sure that all commits of run() in further databases are on disk, and that those in which it
 * has walked are still the ones that it began on.
 * @param used the databases in which the job has opened a session
 * @param visited the attempt in those in which it has walked
 */
export async function confirmElsewhere(
  used: readonly Database[],
  visited: ReadonlyMap<Database, Attempt>,
): Promise<void> {
  for (const db of used) {
    const attempt = visited.get(db);
    if (attempt) await fencedTransaction(attempt, flush);
    // A job that reads from a replica has written nothing there.
    else if (!(await isReplica(db))) await inTransaction(db, flush);
  }
}

/** Needs no right and no table. Without anything written, COMMIT would not wait for the disk. */
async function flush(tx: Transaction): Promise<void> {
  await tx.execute(COMMIT_DURABLY);
  await tx.execute(sql`select pg_logical_emit_message(true, 'lrm', '')`);
}

async function isReplica(db: Database): Promise<boolean> {
  const [row] = await db.execute<{ replica: boolean }>(sql`select pg_is_in_recovery() as replica`);
  return row?.replica ?? false;
}
