import { eq, sql } from 'drizzle-orm';
import { migrations } from '../../drizzle/schema';
import { type Attempt, fence, fencedTransaction, type Transaction } from '../context/attempt';
import { createBatches } from '../context/batches';
import type { JobContext } from '../context/index';
import type { Sessions } from './session';

/** Puts together what run() is given. */
export function createContext(attempt: Attempt, sessions: Sessions): JobContext {
  return {
    name: attempt.migration,
    attempt: attempt.number,
    db: sessions.db,
    sql: sessions.sql,
    signal: attempt.signal,
    log: attempt.log,
    checkpoint: () => readCheckpoint(attempt),
    saveCheckpoint: (value, tx) => saveCheckpoint(attempt, value, tx),
    progress: (done, total) =>
      attempt.report({
        done: number(done),
        ...(total === undefined ? {} : { total: total === null ? null : number(total) }),
      }),
    ...createBatches(attempt),
  };
}

/** An author without types may report anything, and it is sent on. */
const number = (value: unknown) => (typeof value === 'number' ? value : Number.NaN);

async function readCheckpoint<T>(attempt: Attempt): Promise<T | undefined> {
  const [row] = await attempt.db
    .select({ checkpoint: migrations.checkpoint })
    .from(migrations)
    .where(eq(migrations.name, attempt.migration));
  return (row?.checkpoint ?? undefined) as T | undefined;
}

async function saveCheckpoint(attempt: Attempt, value: unknown, tx?: Transaction): Promise<void> {
  if (tx) {
    await refuseOlderSnapshot(tx);
    await fence(tx, attempt);
    await write(tx, attempt, value);
  } else {
    await fencedTransaction(attempt, (own) => write(own, attempt, value));
  }
  attempt.progressed();
}

/** Under REPEATABLE READ the fence's check would look at a snapshot older than its lock. */
async function refuseOlderSnapshot(tx: Transaction): Promise<void> {
  const [row] = await tx.execute<{ isolation: string }>(
    sql`select current_setting('transaction_isolation') as isolation`,
  );
  if (row?.isolation !== 'read committed') {
    throw new TypeError(`saveCheckpoint needs a READ COMMITTED transaction, not ${row?.isolation}`);
  }
}

async function write(tx: Transaction, attempt: Attempt, value: unknown): Promise<void> {
  await tx
    .update(migrations)
    .set({ checkpoint: value ?? null, updatedAt: sql`now()` })
    .where(eq(migrations.name, attempt.migration));
}
