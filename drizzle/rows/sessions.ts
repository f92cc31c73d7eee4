import { setTimeout as sleep } from 'node:timers/promises';
import { desc, eq, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { attempts, SCHEMA } from '../schema';
import { sqlState } from '../sqlState';

/**
 * The name of an attempt's sessions in pg_stat_activity, by which they are found and ended. It
 * holds our schema, because another installation in the same database also counts its attempts from
 * 1. Postgres cuts names at 63 bytes, so 39 remain for the schema.
 */
export const applicationName = (attemptId: bigint): string => `lrm:${SCHEMA}:${attemptId}`;

/** Only the sessions of this many attempts are looked for. Those of earlier ones are long gone. */
const LATEST = 10;

/**
 * Reads the latest attempts of a migration, whose sessions may still be open. Ended attempts are
 * among them: the sessions of a frozen worker can stay after the attempt's row was ended.
 * @param live a condition for live attempts, for callers that need to know which are alive
 */
export function latestAttempts(
  db: Database,
  migration: string,
  live: SQL<boolean> = sql<boolean>`false`,
): Promise<{ id: bigint; live: boolean }[]> {
  return db
    .select({ id: attempts.id, live })
    .from(attempts)
    .where(eq(attempts.migration, migration))
    .orderBy(desc(attempts.number))
    .limit(LATEST);
}

/** A session of an attempt that is still open. */
export interface OpenSession {
  readonly pid: number;
  /** The role that logged in. */
  readonly role: string;
  readonly superuser: boolean;
  /** Our own role, when it has no right to end the session. Null: the session was asked to end. */
  readonly deniedTo: string | null;
}

/** A session ends at once, unless the server is overloaded. Milliseconds. */
const WAIT_FOR_END = 2_000;
/** Time between two checks. Milliseconds. */
const LOOK_EVERY = 50;

/**
 * Ends the sessions of these attempts, from whatever host and with whatever role they connected,
 * and waits until they are gone. Postgres rolls back their open transactions.
 * @returns the sessions that are still open; {@link describeSessions} says why
 */
export async function endSessions(
  db: Database,
  attemptIds: readonly bigint[],
): Promise<OpenSession[]> {
  if (attemptIds.length === 0) return [];
  const seen = new Map<number, OpenSession>();
  const until = performance.now() + WAIT_FOR_END;
  for (;;) {
    const open: OpenSession[] = [];
    for (const found of await findSessions(db, attemptIds)) {
      const session = seen.get(found.pid) ?? { ...found, deniedTo: await terminate(db, found.pid) };
      seen.set(found.pid, session);
      open.push(session);
    }
    const hopeless = open.every(({ deniedTo }) => deniedTo !== null);
    if (hopeless || performance.now() > until) return open;
    await sleep(LOOK_EVERY);
  }
}

/** More names would only make the line longer. */
const NAMED_AT_MOST = 3;

/** 'session 4711 of role app, which role ops may not end: grant pg_signal_backend to ops'. */
export function describeSessions(sessions: readonly OpenSession[]): string {
  const named = sessions.slice(0, NAMED_AT_MOST);
  const pids = named.map(({ pid, role }) => `session ${pid} of role ${role}`);
  const more = sessions.length - named.length;
  const text = [...pids, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const denied = sessions.find(({ deniedTo }) => deniedTo !== null);
  if (!denied) return `${text}, already asked to end`;
  const which = `${text}, which role ${denied.deniedTo} may not end`;
  return denied.superuser
    ? `${which}: ask a superuser to run: select pg_terminate_backend(${denied.pid})`
    : `${which}: grant pg_signal_backend to ${quoted(denied.deniedTo ?? '')}`;
}

/** Uses only what every role sees of other roles' sessions. More would need pg_monitor. */
async function findSessions(
  db: Database,
  attemptIds: readonly bigint[],
): Promise<Omit<OpenSession, 'deniedTo'>[]> {
  const names = sql.join(
    attemptIds.map((id) => sql`${applicationName(id)}`),
    sql`, `,
  );
  const rows = await db.execute<{ pid: number; role: string; superuser: boolean }>(sql`
    select pid, coalesce(usename, '?') as role, coalesce(rolsuper, false) as superuser
    from pg_stat_activity left join pg_roles on pg_roles.oid = usesysid
    where application_name in (${names}) and datname = current_database()
      and pid <> pg_backend_pid()
    order by pid`);
  return [...rows];
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** @returns our role when it has no right to end the session, otherwise null */
async function terminate(db: Database, pid: number): Promise<string | null> {
  try {
    await db.execute(sql`select pg_terminate_backend(${pid})`);
    return null;
  } catch (error) {
    if (sqlState(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    const [row] = await db.execute<{ role: string }>(sql`select current_user as role`);
    return row?.role ?? '?';
  }
}

const quoted = (role: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(role) ? role : `"${role.replaceAll('"', '""')}"`;
