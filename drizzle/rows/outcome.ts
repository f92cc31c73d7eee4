import { and, desc, eq, inArray, isNull, lte, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../database';
import { COMMIT_DURABLY } from '../durable';
import { type AttemptOutcome, attempts, migrations } from '../schema';
import { inTransaction } from '../transaction';
import type { ProgressRecord } from './attemptProgress';
import { type FencedAttempt, ifCurrent, SERVER } from './fence';
import { type Move, transitions } from './transitions';

/** The end of an attempt, to be written down. */
export interface Ending {
  readonly attempt: FencedAttempt;
  /** It has to be written on the server of the claim, where its work is. */
  readonly onItsServer: boolean;
  readonly outcome: AttemptOutcome;
  /** What happened and what to do; null where nothing is wrong. */
  readonly error: string | null;
  /** The error is of no known kind. */
  readonly errorUnknown: boolean;
  readonly progress: ProgressRecord;
}

/** Outcomes that end the migration or take it off the line. The others leave it in_progress. */
const MOVES: Partial<Record<AttemptOutcome, Move>> = {
  completed: 'complete',
  failed: 'fail',
  paused: 'pause',
  cancelled: 'cancel',
};

/** - `written`: as asked.
 * - `withdrawn`: the operator has taken the pause or cancel back; the attempt counts as interrupted.
 * - `outdated`: the server is not the one that the attempt worked on; it counts as interrupted.
 * - `superseded`: the attempt is no longer the current one; only its own row was ended. */
export type Written = 'written' | 'withdrawn' | 'outdated' | 'superseded';

/**
 * Writes an attempt's outcome and, where it decides one, the migration's status, in one transaction.
 * @param move False when 'paused' is Temporal's doing: the row stays in_progress.
 */
export function writeOutcome(db: Database, ending: Ending, move = true): Promise<Written> {
  return inTransaction(db, async (tx) => {
    await tx.execute(COMMIT_DURABLY);
    const by = move ? MOVES[ending.outcome] : undefined;
    if (await writeMigration(tx, ending, by)) {
      await writeAttempt(tx, ending, ending.outcome);
      return 'written';
    }
    // Still the current one, but what it wanted must not happen: its next attempt goes on.
    const going = by !== undefined && (await writeMigration(tx, ending, undefined));
    await writeAttempt(tx, ending, going ? 'interrupted' : 'superseded');
    if (!going) return 'superseded';
    return by === 'complete' ? 'outdated' : 'withdrawn';
  });
}

const now = sql`now()`;

async function writeMigration(
  tx: Transaction,
  { attempt, onItsServer, error, progress }: Ending,
  by: Move | undefined,
): Promise<boolean> {
  const completed = by === 'complete';
  const written = await tx
    .update(migrations)
    .set({
      ...(by ? { status: transitions[by].to } : {}),
      // Between attempts nothing may write: whoever comes next claims.
      currentAttempt: null,
      // A good end clears the trouble before it; an interruption leaves it to be read.
      ...(completed ? { error: null, completedAt: now } : {}),
      ...(error === null ? {} : { error }),
      // A job that counts anew in each attempt hasn't got further by that.
      rowsDone: sql`greatest(${migrations.rowsDone}, ${progress.done})`,
      rowsTotal: completed && progress.done > 0 ? progress.done : progress.total,
      waitsFor: null,
      updatedAt: now,
    })
    .where(
      and(
        ifCurrent(attempt),
        // What it did on a server that has lost its last commits may be undone.
        onItsServer ? sql`${SERVER} = ${attempt.server}` : undefined,
        by ? inArray(migrations.status, [...transitions[by].from]) : undefined,
        // A stop that was withdrawn meanwhile must not take effect.
        by === 'pause' || by === 'cancel' ? eq(migrations.request, by) : undefined,
      ),
    )
    .returning({ name: migrations.name });
  return written.length > 0;
}

async function writeAttempt(
  tx: Transaction,
  { attempt, error, errorUnknown, progress }: Ending,
  outcome: AttemptOutcome,
): Promise<void> {
  await tx
    .update(attempts)
    .set({
      endedAt: now,
      outcome,
      error,
      errorUnknown,
      heartbeatAt: now,
      rowsDone: progress.doneHere,
      progressed: progress.progressed,
    })
    .where(and(eq(attempts.id, attempt.id), isNull(attempts.endedAt)));
}

/** As many attempts back are looked at, so no LRM_MAX_FAILURES is larger. */
export const LOOK_BACK = 1_000;

/** Failures in a row without progress. */
export interface Failures {
  /** Of any kind: the wait before the next attempt grows with them. */
  readonly all: number;
  /** Of no known kind: too many end the migration. */
  readonly unknown: number;
}

/**
 * Failures in a row without progress, up to and with attempt `number`; those that an operator's
 * `lrm retry` has left behind don't count.
 */
export async function failuresInARow(
  db: Database,
  migration: string,
  number: number,
): Promise<Failures> {
  const [row] = await db
    .select({ request: migrations.request, requestedAt: migrations.requestedAt })
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
    if ((retried && attempt.startedAt < retried) || attempt.outcome === 'failed') break;
    if (attempt.outcome === 'retried') failures.all++;
    if (attempt.errorUnknown) failures.unknown++;
    // The one that got on and then failed is the first of the row.
    if (attempt.progressed) break;
  }
  return failures;
}
