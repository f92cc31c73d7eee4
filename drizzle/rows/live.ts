import { and, eq, inArray, not, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { attempts, migrations } from '../schema';
import { pending } from './transitions';

/** Stored as the error of an attempt whose worker vanished without writing an outcome. */
export const WORKER_LOST = 'its worker stopped sending heartbeats';

/**
 * Whether a migration's current attempt is alive: it has not ended, and its last heartbeat is less
 * than `heartbeatTimeout` milliseconds old. Only the database's clock is used.
 */
export const isLive = (heartbeatTimeout: number): SQL<boolean> => sql<boolean>`exists (
  select from ${attempts}
  where ${attempts.id} = ${migrations.currentAttempt}
    and ${attempts.endedAt} is null
    and ${attempts.heartbeatAt} > now() - ${heartbeatTimeout} * interval '1 millisecond')`;

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
