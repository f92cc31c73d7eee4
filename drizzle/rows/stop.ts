import { and, eq, inArray, isNull, not, or, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { attempts, type Migration, migrationColumns, migrations } from '../schema';
import { inTransaction } from '../transaction';
import { lockExclusive } from './fence';
import { beatsSince, isLive, isStopping, WORKER_LOST } from './live';
import { NotRegistered, OperationRefused, operationRefused } from './operationRefused';
import { describeSessions, endSessions, latestAttempts, type Open } from './sessions';
import { transitions } from './transitions';

/** The requests that may have to wait for a running attempt. */
export type StopMove = 'pause' | 'cancel';

/** Sessions of an earlier attempt are still open, so it may still change data. */
export class StillRunning extends OperationRefused {
  override readonly name = 'StillRunning';
  constructor(migration: string, move: StopMove, sessions: readonly Open[]) {
    super(
      `${migration} may still run: it waits for ${describeSessions(sessions)}; ` +
        `then type again: npx lrm ${move} ${migration}`,
    );
  }
}

/** Who asks, and why. Stored in the row. */
export interface Asked {
  readonly by: string;
  readonly reason: string | null;
}

/**
 * Pauses or cancels a migration. If no attempt is alive, it is `stopped` at once. Otherwise the
 * attempt is `asked` to stop. It sees the request within 2 s and sets the status itself.
 *
 * @param heartbeatTimeout milliseconds without a heartbeat after which an attempt counts as dead
 * @throws NotRegistered, StillRunning, or OperationRefused with the status and what it allows
 */
export async function stop(
  db: Database,
  name: string,
  move: StopMove,
  asked: Asked,
  heartbeatTimeout: number,
): Promise<'stopped' | 'asked'> {
  // An attempt may begin or end between the two statements, but not every time.
  for (let tries = 0; tries < 5; tries++) {
    if (await ask(db, name, move, asked, heartbeatTimeout)) return 'asked';
    if (await settle(db, name, move, heartbeatTimeout, asked)) return 'stopped';
    const row = await readMigration(db, name);
    const overruled = move === 'pause' && row.request === 'cancel';
    if (!transitions[move].from.includes(row.status) || overruled)
      throw operationRefused(row, move);
  }
  throw operationRefused(await readMigration(db, name), move);
}

/**
 * Sets the requested status, unless an attempt is alive, which then does it itself. Without `asked`
 * it completes an earlier {@link stop} that nobody has withdrawn.
 * @returns whether the status was set
 * @throws StillRunning when a dead worker's sessions can't be ended. The request stays in the row,
 *   and the next claim carries it out if nobody repeats the command.
 */
export async function settle(
  db: Database,
  name: string,
  move: StopMove,
  heartbeatTimeout: number,
  asked?: Asked,
): Promise<boolean> {
  await refuseOpenSessions(db, name, move, heartbeatTimeout, asked);
  return inTransaction(db, async (tx) => {
    // Under the lock no claim and no batch is in the middle of its transaction.
    await tx.execute(lockExclusive(name));
    const settled = await tx
      .update(migrations)
      .set({ status: transitions[move].to, currentAttempt: null, ...request(move, asked) })
      .where(
        and(
          eq(migrations.name, name),
          inArray(migrations.status, [...transitions[move].from]),
          not(isLive(heartbeatTimeout)),
          asked ? mayAsk(move) : and(isStopping, eq(migrations.request, move)),
        ),
      )
      .returning({ name: migrations.name });
    if (settled.length > 0) await endAttempts(tx, name);
    return settled.length > 0;
  });
}

/** The row of a migration. */
export async function readMigration(db: Database, name: string): Promise<Migration> {
  const [row] = await db.select(migrationColumns).from(migrations).where(eq(migrations.name, name));
  if (!row) throw new NotRegistered(name);
  return row;
}

async function ask(
  db: Database,
  name: string,
  move: StopMove,
  asked: Asked,
  heartbeatTimeout: number,
): Promise<boolean> {
  const rows = await db
    .update(migrations)
    .set(request(move, asked))
    .where(
      and(
        eq(migrations.name, name),
        eq(migrations.status, 'in_progress'),
        isLive(heartbeatTimeout),
        mayAsk(move),
      ),
    )
    .returning({ name: migrations.name });
  return rows.length > 0;
}

/** A pause must not silently replace a cancel that has not happened yet. */
const mayAsk = (move: StopMove): SQL | undefined =>
  move === 'pause'
    ? or(isNull(migrations.request), not(isStopping), eq(migrations.request, 'pause'))
    : undefined;

const request = (move: StopMove, asked: Asked | undefined) => ({
  updatedAt: sql`now()`,
  ...(asked && {
    request: move,
    requestReason: asked.reason,
    requestedBy: asked.by,
    requestedAt: sql`now()`,
  }),
});

/** A dead worker's statements may still run and hold the lock that settle() needs. */
async function refuseOpenSessions(
  db: Database,
  name: string,
  move: StopMove,
  heartbeatTimeout: number,
  asked: Asked | undefined,
): Promise<void> {
  const open = await endSessions(db, await deadAttempts(db, name, heartbeatTimeout));
  if (open.length === 0) return;
  if (asked) {
    await db
      .update(migrations)
      .set(request(move, asked))
      .where(and(eq(migrations.name, name), eq(migrations.status, 'in_progress'), mayAsk(move)));
  }
  throw new StillRunning(name, move, open);
}

/**
 * Ends the sessions of attempts that have stopped, and waits until they are gone.
 * @throws StillRunning when a session can't be ended
 */
export async function requireNoSessions(
  db: Database,
  name: string,
  move: StopMove,
  heartbeatTimeout: number,
): Promise<void> {
  await refuseOpenSessions(db, name, move, heartbeatTimeout, undefined);
}

async function deadAttempts(
  db: Database,
  name: string,
  heartbeatTimeout: number,
): Promise<bigint[]> {
  const live = sql<boolean>`${isNull(attempts.endedAt)} and ${beatsSince(heartbeatTimeout)}`;
  const latest = await latestAttempts(db, name, live);
  return latest.filter((attempt) => !attempt.live).map(({ id }) => id);
}

/** Writes the outcome of attempts whose worker is gone and can't write it. */
async function endAttempts(tx: Pick<Database, 'update'>, name: string): Promise<void> {
  await tx
    .update(attempts)
    .set({
      endedAt: sql`now()`,
      outcome: 'interrupted',
      error: WORKER_LOST,
    })
    .where(and(eq(attempts.migration, name), isNull(attempts.endedAt)));
}
