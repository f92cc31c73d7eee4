import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Database, Transaction } from '../database';
import {
  type Direction,
  finishedRanges,
  type Migration,
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
import { OperationRefused, operationRefused } from './operationRefused';
import { markAgain, noneSkipped, readSkippedCount } from './skipped';
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
 * stored progress is removed. The last error stays in the row until the next attempt. A revert that
 * has not ended well goes on as a revert. A reverted migration runs forward, from the start.
 * @throws NotRegistered, or OperationRefused with the status and what it allows
 */
export async function retry(
  db: Database,
  name: string,
  asked: Asked,
  fromStart: boolean,
): Promise<Beginning> {
  const retried = await begin(db, name, 'retry', asked, ({ status, direction }) => {
    if (!mayRetry(fromStart).includes(status)) return undefined;
    if (status === 'reverted') return { direction: 'forward', fromStart: true };
    return { direction, fromStart };
  });
  if (retried) return retried;
  const skipped = await readSkippedCount(db, name);
  throw operationRefused(await readMigration(db, name), 'retry', skipped);
}

/**
 * Lets an ended migration run again, and do the rows that it has skipped. What it was doing, run() or
 * revert(), is what it does then.
 * @throws NotRegistered, or OperationRefused with the status and what it allows, or when no row was
 *   skipped
 */
export async function retrySkipped(db: Database, name: string, asked: Asked): Promise<Beginning> {
  const retried = await begin(
    db,
    name,
    'retry',
    asked,
    ({ direction }) => ({ direction, fromStart: false }),
    async (tx) => {
      // Thrown here, it undoes the rest.
      if ((await markAgain(tx, name)) === 0) throw noneSkipped(name);
    },
  );
  if (retried) return retried;
  throw operationRefused(await readMigration(db, name), 'retry');
}

/**
 * Lets a migration whose revert has failed, was cancelled or is done run forward again, from the
 * start: the revert may have undone any part of it.
 * @throws NotRegistered, or OperationRefused with the status and what it allows
 */
export async function retryForward(db: Database, name: string, asked: Asked): Promise<Beginning> {
  const retried = await begin(db, name, 'retry', asked, ({ status, direction }) =>
    direction === 'revert' && mayRetry(false).includes(status)
      ? { direction: 'forward', fromStart: true }
      : undefined,
  );
  if (retried) return retried;
  const row = await readMigration(db, name);
  throw row.direction === 'revert' ? operationRefused(row, 'retry') : notReverting(row);
}

/** Says that --forward means nothing for it. */
export const notReverting = ({ name, status }: Migration): OperationRefused =>
  new OperationRefused(`${name} is ${status} and not being reverted: type it without --forward`);

/**
 * Lets the next attempt run revert() instead of run(), from the start. What run() has stored is
 * removed: once revert() has begun, a walk of run() that went on would skip what was undone.
 * @throws NotRegistered, or OperationRefused with the status and what it allows
 */
export async function revert(db: Database, name: string, asked: Asked): Promise<void> {
  const begun = await begin(db, name, 'revert', asked, (row) =>
    mayRevert(row) ? { direction: 'revert', fromStart: true } : undefined,
  );
  if (!begun) throw operationRefused(await readMigration(db, name), 'revert');
}

/** How a migration becomes pending again. */
export interface Beginning {
  readonly direction: Direction;
  /** True removes all stored progress. */
  readonly fromStart: boolean;
}

type Row = Pick<Migration, 'status' | 'direction'>;

/** Makes an ended migration pending, if `decide` says how. Returns what it says. */
function begin(
  db: Database,
  name: string,
  move: 'retry' | 'revert',
  asked: Asked,
  decide: (row: Row) => Beginning | undefined,
  more: (tx: Transaction) => Promise<void> = async () => {},
): Promise<Beginning | undefined> {
  return inTransaction(db, async (tx) => {
    // Waits for a late batch of an ended attempt, which would otherwise store a finished range.
    await tx.execute(lockExclusive(name));
    const [row] = await tx
      .select({ status: migrations.status, direction: migrations.direction })
      .from(migrations)
      .where(eq(migrations.name, name))
      .for('update');
    const beginning = row && transitions[move].from.includes(row.status) ? decide(row) : undefined;
    if (!beginning) return undefined;
    const { direction, fromStart } = beginning;
    await tx
      .update(migrations)
      .set({
        status: transitions[move].to,
        direction,
        currentAttempt: null,
        claimScheduledAt: null,
        completedAt: null,
        // The other function may wait for nothing, and the next listing says what this one waits for.
        waitsFor: null,
        ...(fromStart && {
          checkpoint: null,
          checkpointVersion: sql`${migrations.checkpointVersion} + 1`,
          rowsDone: 0,
          rowsTotal: null,
          startedAt: null,
          // Its walks in other databases begin again, too.
          generation: sql`gen_random_uuid()`,
        }),
        ...request(move, asked),
      })
      .where(
        and(eq(migrations.name, name), inArray(migrations.status, [...transitions[move].from])),
      );
    if (fromStart) await dropProgress(tx, name);
    await more(tx);
    return beginning;
  });
}

/** A revert that is under way is continued by `lrm retry` or `lrm resume`. */
export const mayRevert = ({ status, direction }: Row): boolean =>
  direction === 'forward' && transitions.revert.from.includes(status);

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
