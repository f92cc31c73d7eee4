import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Database } from '../database';
import {
  finishedRanges,
  type MigrationStatus,
  migrations,
  type OperatorRequest,
  skippedRows,
  steps,
  walks,
} from '../schema';
import { inTransaction } from '../transaction';
import { lockExclusive } from './fence';
import { isStopping } from './live';
import { operationRefused } from './operationRefused';
import { type Asked, readMigration } from './stop';
import { transitions } from './transitions';

/**
 * Lets a paused migration run again.
 * @returns `resumed`; `withdrawn` when a pause or cancel had not happened yet and now will not;
 *   `running` when it was in progress and nothing was changed
 * @throws NotRegistered, or OperationRefused with the status and what it allows
 */
export async function resume(
  db: Database,
  name: string,
  asked: Asked,
): Promise<'resumed' | 'withdrawn' | 'running'> {
  const resumed = await db
    .update(migrations)
    .set({ status: transitions.resume.to, claimScheduledAt: null, ...request('resume', asked) })
    .where(and(eq(migrations.name, name), inArray(migrations.status, [...transitions.resume.from])))
    .returning({ name: migrations.name });
  if (resumed.length > 0) return 'resumed';
  const withdrawn = await db
    .update(migrations)
    .set(request('resume', asked))
    .where(and(eq(migrations.name, name), isStopping))
    .returning({ name: migrations.name });
  if (withdrawn.length > 0) return 'withdrawn';
  const row = await readMigration(db, name);
  if (row.status !== 'in_progress') throw operationRefused(row, 'resume');
  return 'running';
}

/**
 * Lets an ended migration run again, from its checkpoint or from the start. From the start, its
 * stored progress is removed. The last error stays in the row until the next attempt.
 * @throws NotRegistered, or OperationRefused with the status and what it allows
 */
export async function retry(
  db: Database,
  name: string,
  asked: Asked,
  fromStart: boolean,
): Promise<void> {
  const retried = await inTransaction(db, async (tx) => {
    // Waits for a late batch of an ended attempt, which would otherwise store a finished range.
    await tx.execute(lockExclusive(name));
    const rows = await tx
      .update(migrations)
      .set({
        status: transitions.retry.to,
        currentAttempt: null,
        claimScheduledAt: null,
        completedAt: null,
        ...(fromStart && {
          checkpoint: null,
          checkpointVersion: sql`${migrations.checkpointVersion} + 1`,
          rowsDone: 0,
          rowsTotal: null,
          startedAt: null,
        }),
        ...request('retry', asked),
      })
      .where(and(eq(migrations.name, name), inArray(migrations.status, mayRetry(fromStart))))
      .returning({ name: migrations.name });
    if (rows.length > 0 && fromStart) await dropProgress(tx, name);
    return rows.length > 0;
  });
  if (!retried) throw operationRefused(await readMigration(db, name), 'retry');
}

/** A completed migration has nothing left to do, so it can only be retried from the start. */
export const mayRetry = (fromStart: boolean): MigrationStatus[] =>
  transitions.retry.from.filter((status) => fromStart || status !== 'completed');

/**
 * Removes a migration's steps, its walks, and their finished ranges and skipped rows, which have no
 * foreign key.
 */
export async function dropProgress(
  tx: Pick<Database, 'delete' | 'select'>,
  name: string,
): Promise<void> {
  const own = tx.select({ id: walks.id }).from(walks).where(eq(walks.migration, name));
  await tx.delete(finishedRanges).where(inArray(finishedRanges.walk, own));
  await tx.delete(skippedRows).where(eq(skippedRows.migration, name));
  await tx.delete(walks).where(eq(walks.migration, name));
  await tx.delete(steps).where(eq(steps.migration, name));
}

const request = (move: OperatorRequest, asked: Asked) => ({
  request: move,
  requestReason: asked.reason,
  requestedBy: asked.by,
  requestedAt: sql`now()`,
  updatedAt: sql`now()`,
});
