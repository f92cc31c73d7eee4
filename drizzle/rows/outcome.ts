import { and, desc, eq, inArray, isNull, lte, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../database';
import { COMMIT_DURABLY } from '../durable';
import { type AttemptOutcome, attempts, type FailedBatch, migrations } from '../schema';
import { inTransaction } from '../transaction';
import type { ProgressRecord } from './attemptProgress';
import { type FencedAttempt, ifCurrent, isAttempt, SERVER } from './fence';
import { type Move, transitions } from './transitions';

/** How an attempt ended. */
export interface Ending {
  readonly attempt: FencedAttempt;
  /** True when it must be written on the server of the claim, which has the attempt's work. */
  readonly onItsServer: boolean;
  readonly outcome: AttemptOutcome;
  /** What happened and what to do; null when nothing is wrong. */
  readonly error: string | null;
  /** True when the error is of unknown kind. */
  readonly errorUnknown: boolean;
  /** The batch that the error comes from, if it comes from one. */
  readonly failedBatch?: FailedBatch | undefined;
  readonly progress: ProgressRecord;
}

/** Outcomes that change the migration's status. With the others it stays in_progress. */
const MOVES: Partial<Record<AttemptOutcome, Move>> = {
  completed: 'complete',
  reverted: 'completeRevert',
  failed: 'fail',
  paused: 'pause',
  cancelled: 'cancel',
};

/**
 * - `written`: the outcome was stored.
 * - `withdrawn`: the operator has withdrawn the pause or cancel. The attempt counts as interrupted.
 * - `outdated`: the server is not the one that the attempt worked on. It counts as interrupted.
 * - `superseded`: the attempt is no longer the current one. Only its own row was changed.
 */
export type Written = 'written' | 'withdrawn' | 'outdated' | 'superseded';

/**
 * Writes an attempt's outcome and, if the outcome changes it, the migration's status, in one
 * transaction.
 * @param move false when Temporal paused the activity: the migration stays in_progress
 */
export function writeOutcome(db: Database, ending: Ending, move = true): Promise<Written> {
  return inTransaction(db, async (tx) => {
    await tx.execute(COMMIT_DURABLY);
    const by = move ? MOVES[ending.outcome] : undefined;
    if (await writeMigration(tx, ending, by)) {
      await writeAttempt(tx, ending, ending.outcome);
      return 'written';
    }
    // Still the current attempt, but this outcome is no longer valid. The next attempt goes on.
    const stillCurrent = by !== undefined && (await writeMigration(tx, ending, undefined));
    await writeAttempt(tx, ending, stillCurrent ? 'interrupted' : 'superseded');
    if (!stillCurrent) return 'superseded';
    return by && isEnd(by) ? 'outdated' : 'withdrawn';
  });
}

const isEnd = (by: Move): boolean => by === 'complete' || by === 'completeRevert';

const now = sql`now()`;

async function writeMigration(
  tx: Transaction,
  { attempt, onItsServer, error, progress }: Ending,
  by: Move | undefined,
): Promise<boolean> {
  const ended = by !== undefined && isEnd(by);
  const written = await tx
    .update(migrations)
    .set({
      ...(by ? { status: transitions[by].to } : {}),
      // Nothing may write between attempts. The next one has to claim.
      currentAttempt: null,
      // The end clears an earlier error. After an interruption people still need to read it.
      ...(ended ? { error: null } : {}),
      ...(by === 'complete' ? { completedAt: now } : {}),
      ...(error === null ? {} : { error }),
      // A job may count from 0 in each attempt. The number of rows must not go down then.
      rowsDone: sql`greatest(${migrations.rowsDone}, ${progress.done})`,
      rowsTotal: ended && progress.done > 0 ? progress.done : progress.total,
      waitsFor: null,
      step: null,
      updatedAt: now,
    })
    .where(
      and(
        ifCurrent(attempt),
        // A server that lost its last commits may have lost this attempt's work.
        onItsServer ? sql`${SERVER} = ${attempt.server}` : undefined,
        by ? inArray(migrations.status, [...transitions[by].from]) : undefined,
        // A pause or cancel that was withdrawn in the meantime must not happen.
        by === 'pause' || by === 'cancel' ? eq(migrations.request, by) : undefined,
      ),
    )
    .returning({ name: migrations.name });
  return written.length > 0;
}

async function writeAttempt(
  tx: Transaction,
  { attempt, error, errorUnknown, failedBatch = undefined, progress }: Ending,
  outcome: AttemptOutcome,
): Promise<void> {
  await tx
    .update(attempts)
    .set({
      endedAt: now,
      outcome,
      error,
      errorUnknown,
      failedBatch: failedBatch ?? null,
      heartbeatAt: now,
      rowsDone: progress.doneHere,
      progressed: progress.progressed,
    })
    .where(and(isAttempt(attempt), isNull(attempts.endedAt)));
}

/** How many attempts are read. No LRM_MAX_FAILURES may be larger. */
export const LOOK_BACK = 1_000;

/** Failures in a row without progress. */
export interface Failures {
  /** Of any kind. The wait before the next attempt grows with them. */
  readonly all: number;
  /** Of unknown kind. Too many end the migration. */
  readonly unknown: number;
}

/**
 * Counts failures in a row without progress, up to and including attempt `number`. Failures before
 * the last `lrm retry` and those in the other direction don't count.
 */
export async function failuresInARow(
  db: Database,
  migration: string,
  number: number,
): Promise<Failures> {
  const [row] = await db
    .select({
      request: migrations.request,
      requestedAt: migrations.requestedAt,
      direction: migrations.direction,
    })
    .from(migrations)
    .where(eq(migrations.name, migration));
  const earlier = await db
    .select()
    .from(attempts)
    .where(and(eq(attempts.migration, migration), lte(attempts.number, number)))
    .orderBy(desc(attempts.number))
    .limit(LOOK_BACK);
  const failures = { all: 0, unknown: 0 };
  for (const attempt of earlier) {
    const retried = row?.request === 'retry' ? row.requestedAt : null;
    if (attempt.direction !== row?.direction) break;
    if ((retried && attempt.startedAt < retried) || attempt.outcome === 'failed') break;
    if (attempt.outcome === 'retried') failures.all++;
    if (attempt.errorUnknown) failures.unknown++;
    // An attempt that made progress and then failed is the first failure of the row.
    if (attempt.progressed) break;
  }
  return failures;
}
