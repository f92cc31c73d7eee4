import { eq, inArray, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../database';
import { finishedRanges, visitingAttempts, walks } from '../schema';
import { sqlState } from '../sqlState';
import { inTransaction } from '../transaction';
import { type FencedAttempt, isVisitor, lockExclusive, lockName, VISITED_SERVER } from './fence';

/**
 * An attempt in a further database, where its migration is not registered. The fence (fence.ts) must
 * hold there, too: no batch of an older attempt may be committed there once a newer one has read
 * where the walks are.
 *
 * So an attempt claims there before it reads anything: it takes the lock in exclusive mode, which
 * waits for open batches, and stores itself as the current one. Which of two attempts is newer can't
 * be seen there. So while it holds that lock, it checks in the main database that it is still the
 * current one, and it is refused if it is not. From then on each batch checks the row here, under
 * the shared lock.
 *
 * Each batch also holds the main database's fence until it has committed. So what the main database
 * says of a migration (paused, cancelled, to be run from the start) is true here at once.
 */

/** Who a migration is in other databases. */
export interface Origin {
  /** `installations.id` of the main database. */
  readonly installation: string;
  /** `migrations.generation`. */
  readonly generation: string;
}

/** An older attempt whose sessions have been ended lets go of the lock at once. */
const LOCK_TIMEOUT = sql`set local lock_timeout = '1s'`;
const LOCK_ROUNDS = 20;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Makes the attempt the current one in a further database.
 * @param requireCurrent throws when it is not the current one in the main database any more
 * @returns the attempt, to be fenced there
 */
export async function visit(
  attempt: FencedAttempt,
  origin: Origin,
  db: Database,
  requireCurrent: () => Promise<unknown>,
): Promise<FencedAttempt> {
  const { installation, generation } = origin;
  const visitor = { installation, migration: attempt.migration };
  const { id, number, epoch } = attempt;
  for (let round = 1; ; round++) {
    try {
      const server = await inTransaction(db, async (tx) => {
        await tx.execute(LOCK_TIMEOUT);
        await tx.execute(lockExclusive(lockName({ migration: generation, visitor })));
        // Not earlier: while it waited for the lock, a newer one may have been here.
        await requireCurrent();
        await forgetOtherGenerations(tx, visitor, generation);
        return store(tx, { ...visitor, attempt: id, epoch, generation });
      });
      return { migration: generation, id, number, epoch, server, visitor };
    } catch (error) {
      if (round === LOCK_ROUNDS || sqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
    }
  }
}

/**
 * Removes what a migration has stored in a further database under this generation. Waits for a batch
 * that is still open there.
 */
export function forgetVisitor(db: Database, name: string, origin: Origin): Promise<void> {
  const { installation, generation } = origin;
  const visitor = { installation, migration: name };
  return inTransaction(db, async (tx) => {
    await tx.execute(lockExclusive(lockName({ migration: generation, visitor })));
    await dropWalksOf(tx, generation);
    await tx
      .delete(visitingAttempts)
      .where(sql`${isVisitor(visitor)} and ${eq(visitingAttempts.generation, generation)}`);
  });
}

type Row = typeof visitingAttempts.$inferInsert;

async function store(tx: Transaction, row: Row): Promise<string> {
  const { attempt, epoch, generation } = row;
  const [stored] = await tx
    .insert(visitingAttempts)
    .values(row)
    .onConflictDoUpdate({
      target: [visitingAttempts.installation, visitingAttempts.migration],
      set: { attempt, epoch, generation, claimedAt: sql`now()` },
    })
    .returning({ server: VISITED_SERVER });
  if (!stored) throw new Error('an INSERT returned no row');
  return stored.server;
}

/** After `lrm retry --from-start`: its walks begin again. */
async function forgetOtherGenerations(
  tx: Transaction,
  visitor: Pick<Row, 'installation' | 'migration'>,
  generation: string,
): Promise<void> {
  const [before] = await tx
    .select({ generation: visitingAttempts.generation })
    .from(visitingAttempts)
    .where(isVisitor(visitor));
  if (before && before.generation !== generation) await dropWalksOf(tx, before.generation);
}

async function dropWalksOf(tx: Transaction, generation: string): Promise<void> {
  const own = tx.select({ id: walks.id }).from(walks).where(eq(walks.migration, generation));
  await tx.delete(finishedRanges).where(inArray(finishedRanges.walk, own));
  await tx.delete(walks).where(eq(walks.migration, generation));
}
