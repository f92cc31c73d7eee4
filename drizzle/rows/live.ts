import { type SQL, sql } from 'drizzle-orm';
import { attempts, migrations } from '../schema';

/**
 * Whether a migration's current attempt is alive: not ended, and its worker was heard within
 * `heartbeatTimeout` milliseconds. By the database's clock only: nobody else's is compared with it.
 */
export const isLive = (heartbeatTimeout: number): SQL<boolean> => sql<boolean>`exists (
  select from ${attempts}
  where ${attempts.id} = ${migrations.currentAttempt}
    and ${attempts.endedAt} is null
    and ${attempts.heartbeatAt} > now() - ${heartbeatTimeout} * interval '1 millisecond')`;

/** Whether an operator's pause or cancel waits for the running attempt to stop. */
export const isStopping: SQL<boolean> = sql<boolean>`(
  ${migrations.status} = 'in_progress' and coalesce(${migrations.request} in ('pause', 'cancel'), false))`;
