import { and, inArray, sql } from 'drizzle-orm';
import { UsageError } from '../../settings/usageError';
import type { Database, Transaction } from '../database';
import { finishedRanges, visitingAttempts, walks } from '../schema';
import { sqlState } from '../sqlState';
import { inTransaction } from '../transaction';
import {
  type FencedAttempt,
  isVisitor,
  lockExclusive,
  lockName,
  VISITED_SERVER,
  type Visitor,
} from './fence';

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

/**
 * In the further database stand walks that this main database knows nothing of: it was restored to
 * a time before them, their migration was registered anew, or a copy of it has walked there.
 */
export class UnknownGeneration extends UsageError {
  constructor({ migration, generation }: Before) {
    super(
      `what ${migration} has done in the further database stands there under generation ` +
        `${generation}, which this database does not know: it was restored to an earlier time, the ` +
        'migration was registered anew, or a copy of this database walks there. Going on would do ' +
        'those rows again. What to type: docs/disaster.md, "The main database restored, a further one not"',
    );
  }
}

/** Who a migration is in other databases. */
export interface Origin {
  /** `installations.id` of the main database. */
  readonly installation: string;
  /** `migrations.generation`. */
  readonly generation: string;
  /** `migrations.formerGenerations`. */
  readonly former: readonly string[] | null;
}

/** An attempt that has walked in a further database. */
export type Visited = Pick<FencedAttempt, 'id' | 'epoch'>;

export interface Visit {
  /** To be fenced there. */
  readonly attempt: FencedAttempt;
  /** The attempt of the same migration that was there before, if any. */
  readonly before: Visited | undefined;
}

/** An older attempt whose sessions have been ended lets go of the lock at once. */
const LOCK_TIMEOUT = sql`set local lock_timeout = '1s'`;
const LOCK_ROUNDS = 20;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Makes the attempt the current one in a further database.
 * @param requireCurrent throws when it is not the current one in the main database any more
 * @throws UnknownGeneration
 */
export async function visit(
  attempt: FencedAttempt,
  origin: Origin,
  db: Database,
  requireCurrent: () => Promise<unknown>,
): Promise<Visit> {
  const { installation, generation } = origin;
  const visitor = { installation, migration: attempt.migration };
  const { id, number, epoch } = attempt;
  for (let round = 1; ; round++) {
    try {
      const { server, before } = await inTransaction(db, async (tx) => {
        await tx.execute(LOCK_TIMEOUT);
        await tx.execute(lockExclusive(lockName({ migration: generation, visitor })));
        // Not earlier: while it waited for the lock, a newer one may have been here.
        await requireCurrent();
        const before = await read(tx, visitor);
        if (before) await forgetOtherGeneration(tx, before, origin);
        return { before, server: await store(tx, { ...visitor, attempt: id, epoch, generation }) };
      });
      return { attempt: { migration: generation, id, number, epoch, server, visitor }, before };
    } catch (error) {
      if (round === LOCK_ROUNDS || sqlState(error) !== LOCK_NOT_AVAILABLE) throw error;
    }
  }
}

/**
 * Removes what a migration has stored in a further database under this generation and the former
 * ones. Waits for a batch that is still open there.
 */
export function forgetVisitor(db: Database, name: string, origin: Origin): Promise<void> {
  const { installation, generation, former } = origin;
  const visitor = { installation, migration: name };
  // Not others: it may be registered anew by now.
  const generations = [generation, ...(former ?? [])];
  return inTransaction(db, async (tx) => {
    await tx.execute(lockExclusive(lockName({ migration: generation, visitor })));
    await dropWalksOf(tx, generations);
    await tx
      .delete(visitingAttempts)
      .where(and(isVisitor(visitor), inArray(visitingAttempts.generation, generations)));
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

interface Before extends Visited {
  readonly migration: string;
  readonly generation: string;
}

async function read(tx: Transaction, visitor: Visitor): Promise<Before | undefined> {
  const { attempt: id, epoch, migration, generation } = visitingAttempts;
  const [row] = await tx
    .select({ id, epoch, migration, generation })
    .from(visitingAttempts)
    .where(isVisitor(visitor));
  return row;
}

/** After `lrm retry --from-start`: its walks begin again. */
async function forgetOtherGeneration(
  tx: Transaction,
  before: Before,
  { generation, former }: Origin,
): Promise<void> {
  if (before.generation === generation) return;
  // What was done there would be done again, and nobody has asked for that.
  if (former && !former.includes(before.generation)) throw new UnknownGeneration(before);
  await dropWalksOf(tx, [before.generation]);
}

async function dropWalksOf(tx: Transaction, generations: string[]): Promise<void> {
  const isOwn = inArray(walks.migration, generations);
  const own = tx.select({ id: walks.id }).from(walks).where(isOwn);
  await tx.delete(finishedRanges).where(inArray(finishedRanges.walk, own));
  await tx.delete(walks).where(isOwn);
}
