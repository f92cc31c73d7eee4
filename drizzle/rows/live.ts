import { and, eq, inArray, not, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { attempts, migrations } from '../schema';
import { pending } from './transitions';

/** Stored as the error of an attempt whose worker vanished without writing an outcome. */
export const WORKER_LOST = 'its worker stopped sending heartbeats';

/**
 * Whether an attempt's last heartbeat is less than `heartbeatTimeout` milliseconds away, by the
 * database's clock alone. One that lies further ahead is from before this clock was set back. The worker
 * may have died since: a live one soon beats again. Otherwise a dead attempt would count as alive until
 * the clock gets there.
 */
export const beatsSince = (heartbeatTimeout: number): SQL<boolean> => sql<boolean>`(
  ${attempts.heartbeatAt} > now() - ${heartbeatTimeout} * interval '1 millisecond'
  and ${attempts.heartbeatAt} < now() + ${heartbeatTimeout} * interval '1 millisecond')`;

/** Whether a migration's current attempt is alive: it has not ended, and sends heartbeats. */
export const isLive = (heartbeatTimeout: number): SQL<boolean> => sql<boolean>`exists (
  select from ${attempts}
  where ${attempts.id} = ${migrations.currentAttempt}
    and ${attempts.endedAt} is null
    and ${beatsSince(heartbeatTimeout)})`;

/** Whether a pause or cancel waits until the running attempt has stopped. */
export const isStopping: SQL<boolean> = sql<boolean>`(
  ${migrations.status} = 'in_progress' and coalesce(${migrations.request} in ('pause', 'cancel'), false))`;

/** The names of the migrations whose current attempt is alive. */
export async function readLive(db: Database, heartbeatTimeout: number): Promise<string[]> {
  const rows = await db
    .select({ name: migrations.name })
    .from(migrations)
    .where(and(eq(migrations.status, 'in_progress'), isLive(heartbeatTimeout)));
  return rows.map(({ name }) => name);
}

/**
 * Whether an attempt may begin to run forward, as far as the row says: it is pending, and neither to be
 * stopped nor to be reverted.
 */
export async function mayRunForward(db: Database, name: string): Promise<boolean> {
  const found = await db
    .select({ name: migrations.name })
    .from(migrations)
    .where(
      and(
        eq(migrations.name, name),
        eq(migrations.direction, 'forward'),
        inArray(migrations.status, [...pending]),
        not(isStopping),
      ),
    );
  return found.length > 0;
}
