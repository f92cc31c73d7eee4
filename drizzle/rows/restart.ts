import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Database } from '../database';
import {
  finishedRanges,
  type MigrationStatus,
  migrations,
  type OperatorRequest,
  walks,
} from '../schema';
import { inTransaction } from '../transaction';
import { lockExclusive } from './fence';
import { isStopping } from './live';
import { operationRefused } from './operationRefused';
import { type Asked, readMigration } from './stop';
import { transitions } from './transitions';

/**
 * Puts a paused migration back in the line (`resumed`), or withdraws a pause or cancel that has
 * not happened yet (`withdrawn`). `running`: it is in progress already, nothing was changed.
 * @throws NotRegistered, or OperationRefused saying the status and what is possible in it
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
 * Lets an ended migration run again, from its checkpoint, or from the start: then what it kept of
 * its progress is dropped. The last error stays on the row until the next attempt.
 * @throws NotRegistered, or OperationRefused saying the status and what is possible in it
 */
export async function retry(
  db: Database,
  name: string,
  asked: Asked,
  fromStart: boolean,
): Promise<void> {
  const retried = await inTransaction(db, async (tx) => {
    // A late batch of an ended attempt would leave a finished range behind: wait for it.
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
    if (rows.length > 0 && fromStart) await dropWalks(tx, name);
    return rows.length > 0;
  });
  if (!retried) throw operationRefused(await readMigration(db, name), 'retry');
}

/** A completed one has nothing to go on with: only its start is left. */
export const mayRetry = (fromStart: boolean): MigrationStatus[] =>
  transitions.retry.from.filter((status) => fromStart || status !== 'completed');

/** Removes a migration's walks with their finished ranges, which no foreign key removes. */
export async function dropWalks(
  tx: Pick<Database, 'delete' | 'select'>,
  name: string,
): Promise<void> {
  const own = tx.select({ id: walks.id }).from(walks).where(eq(walks.migration, name));
  await tx.delete(finishedRanges).where(inArray(finishedRanges.walk, own));
  await tx.delete(walks).where(eq(walks.migration, name));
}

const request = (move: OperatorRequest, asked: Asked) => ({
  request: move,
  requestReason: asked.reason,
  requestedBy: asked.by,
  requestedAt: sql`now()`,
  updatedAt: sql`now()`,
});
