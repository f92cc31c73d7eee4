import { and, eq, isNull, sql } from 'drizzle-orm';
import { COMMIT_DURABLY } from '../../../drizzle/durable';
import { AttemptOutdated } from '../../../drizzle/rows/superseded';
import { type StepRow, steps, walks } from '../../../drizzle/schema';
import { type Attempt, fencedTransaction, type Transaction } from '../attempt';
import { JobUsageError } from '../jobUsageError';
import { inStep } from '../walk/tally';

/** A step as stored. */
export interface StoredStep extends Pick<StepRow, 'id' | 'name' | 'result' | 'completedAt'> {
  /** Rows done by its walks. */
  readonly rows: number;
}

/** Finds the step, or stores that it begins. */
export function beginStep(attempt: Attempt, name: string): Promise<StoredStep> {
  const { migration } = attempt;
  if (attempt.dry) {
    return Promise.resolve({ id: 0n, name, result: null, completedAt: null, rows: 0 });
  }
  return fencedTransaction(attempt, async (tx) => {
    const columns = {
      id: steps.id,
      name: steps.name,
      result: steps.result,
      completedAt: steps.completedAt,
    };
    const [found] = await tx
      .select(columns)
      .from(steps)
      .where(and(eq(steps.migration, migration), eq(steps.name, name)));
    const [row] = found
      ? [found]
      : await tx.insert(steps).values({ migration, name }).returning(columns);
    const [walked] = await tx
      .select({ rows: sql`coalesce(sum(${walks.rowsDone}), 0)`.mapWith(Number) })
      .from(walks)
      .where(and(eq(walks.migration, migration), sql`starts_with(${walks.name}, ${inStep(name)})`));
    if (!row) throw new Error('an INSERT returned no row');
    return { ...row, rows: walked?.rows ?? 0 };
  });
}

/**
 * Stores that the step is done. The commit is durable: with it, all that the step has committed is
 * on disk.
 * @param transactionId of the transaction that does the step's work, if one does
 * @throws `signal.reason` when the attempt has to stop: the body may have ended early;
 *   JobUsageError when the body has ended the transaction; AttemptOutdated when the database has
 *   lost the step
 */
export async function completeStep(
  tx: Transaction,
  attempt: Attempt,
  step: StoredStep,
  result: string | null,
  transactionId?: string,
): Promise<void> {
  if (attempt.dry) return;
  await tx.execute(COMMIT_DURABLY);
  attempt.signal.throwIfAborted();
  const stored = await tx
    .update(steps)
    .set({ result, completedAt: sql`now()` })
    .where(
      and(
        eq(steps.id, step.id),
        eq(steps.name, step.name),
        isNull(steps.completedAt),
        transactionId === undefined
          ? undefined
          : sql`pg_current_xact_id()::text = ${transactionId}`,
      ),
    )
    .returning({ id: steps.id });
  if (stored.length === 1) return;
  if (transactionId !== undefined && transactionId !== (await currentTransaction(tx))) {
    throw new JobUsageError(
      `step '${step.name}' has ended its transaction (COMMIT or ROLLBACK): only job.step may end ` +
        'it. What the step committed is not stored as done',
    );
  }
  throw new AttemptOutdated(`the database has lost step '${step.name}' that this attempt began`);
}

/** The ID of the transaction. */
export async function currentTransaction(tx: Transaction): Promise<string | undefined> {
  const [row] = await tx.execute<{ id: string }>(sql`select pg_current_xact_id()::text as id`);
  return row?.id;
}
