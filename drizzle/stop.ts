import { and, eq, inArray, isNull, not, or, type SQL, sql } from 'drizzle-orm';
import type { Database } from './database';
import { lockExclusive } from './fence';
import { isLive, isStopping } from './live';
import { NotRegistered, refusal } from './refusal';
import { attempts, type Migration, migrations } from './schema';
import { inTransaction } from './transaction';
import { transitions } from './transitions';

/** What an operator can ask of a migration that may be running. */
export type Stop = 'pause' | 'cancel';

/** Who asks, and why: kept on the row. */
export interface Asked {
  readonly by: string;
  readonly reason: string | null;
}

/**
 * Pauses or cancels a migration. Where no attempt is alive it is `stopped` at once; else the
 * attempt is `asked` to stop: it sees that within 2 s, and sets the status itself.
 *
 * @param heartbeatTimeout milliseconds after which a silent attempt is taken for dead
 * @throws NotRegistered, or Refusal saying the status and what is possible in it
 */
export async function stop(
  db: Database,
  name: string,
  move: Stop,
  asked: Asked,
  heartbeatTimeout: number,
): Promise<'stopped' | 'asked'> {
  // Between the two statements an attempt may begin or end; it can't do so for ever.
  for (let tries = 0; tries < 5; tries++) {
    if (await ask(db, name, move, asked, heartbeatTimeout)) return 'asked';
    if (await settle(db, name, move, heartbeatTimeout, asked)) return 'stopped';
    const row = await readMigration(db, name);
    const overruled = move === 'pause' && row.request === 'cancel';
    if (!transitions[move].from.includes(row.status) || overruled) throw refusal(row, move);
  }
  throw refusal(await readMigration(db, name), move);
}

/**
 * Sets the status that was asked for, unless an attempt is alive: that one does it itself.
 * Without `asked` it completes an earlier {@link stop} that is still wanted.
 * @returns whether the status was set
 */
export async function settle(
  db: Database,
  name: string,
  move: Stop,
  heartbeatTimeout: number,
  asked?: Asked,
): Promise<boolean> {
  await endSessions(db, name, heartbeatTimeout);
  return inTransaction(db, async (tx) => {
    // No claim and no batch is half-way when the next statement looks.
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
  const [row] = await db.select().from(migrations).where(eq(migrations.name, name));
  if (!row) throw new NotRegistered(name);
  return row;
}

async function ask(
  db: Database,
  name: string,
  move: Stop,
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

/** A cancel that is on its way mustn't silently become a pause. */
const mayAsk = (move: Stop): SQL | undefined =>
  move === 'pause'
    ? or(isNull(migrations.request), not(isStopping), eq(migrations.request, 'pause'))
    : undefined;

const request = (move: Stop, asked: Asked | undefined) => ({
  updatedAt: sql`now()`,
  ...(asked && {
    request: move,
    requestReason: asked.reason,
    requestedBy: asked.by,
    requestedAt: sql`now()`,
  }),
});

/** Statements of a dead worker may still run in the database, and hold the lock that follows. */
async function endSessions(db: Database, name: string, heartbeatTimeout: number): Promise<void> {
  await db.execute(sql`
    select pg_terminate_backend(pid)
    from pg_stat_activity join ${attempts} on application_name = 'lrm:' || ${attempts.id}
    where datname = current_database() and usename = current_user
      and ${attempts.migration} = ${name} and ${attempts.endedAt} is null
      and ${attempts.heartbeatAt} <= now() - ${heartbeatTimeout} * interval '1 millisecond'`);
}

/** The worker that ran them is gone: nobody else will say how they ended. */
async function endAttempts(tx: Pick<Database, 'update'>, name: string): Promise<void> {
  await tx
    .update(attempts)
    .set({
      endedAt: sql`now()`,
      outcome: 'interrupted',
      error: 'its worker was not heard of any more',
    })
    .where(and(eq(attempts.migration, name), isNull(attempts.endedAt)));
}
