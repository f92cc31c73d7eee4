import { setTimeout as sleep } from 'node:timers/promises';
import { desc, eq, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { attempts, SCHEMA } from '../schema';
import { sqlState } from '../sqlState';

/**
 * Marks an attempt's sessions in pg_stat_activity, so that they can be found and ended by name. Our
 * schema is in it: another installation in the database counts its attempts from 1 as well. 63 bytes
 * at most, or Postgres cuts the attempt off: 39 are left for the schema.
 */
export const applicationName = (attemptId: bigint): string => `lrm:${SCHEMA}:${attemptId}`;

/** Attempts whose sessions are looked for: those before them are long gone. */
const LATEST = 10;

/**
 * The latest attempts of a migration, whose sessions may still be there. Ended ones, too: the sessions
 * of a worker that was frozen outlive its attempt's row.
 * @param live for callers that tell the living from the dead
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

/** A session of an attempt that is still there. */
export interface OpenSession {
  readonly pid: number;
  /** Who logged in. */
  readonly role: string;
  readonly superuser: boolean;
  /** The role that was not allowed to end it, which is ours; null: it has been told to end. */
  readonly deniedTo: string | null;
}

/** A session ends at once, unless its server is overloaded. Milliseconds. */
const WAIT_FOR_END = 2_000;
/** Between two looks. Milliseconds. */
const LOOK_EVERY = 50;

/**
 * Ends the sessions of these attempts, wherever they are connected from and whatever role they
 * logged in with, and waits until they are gone. A statement in progress is rolled back.
 * @returns those that are still there; {@link describeSessions} says why.
 */
export async function endSessions(
  db: Database,
  attemptIds: readonly bigint[],
): Promise<OpenSession[]> {
  if (attemptIds.length === 0) return [];
  const told = new Map<number, OpenSession>();
  const until = performance.now() + WAIT_FOR_END;
  for (;;) {
    const open: OpenSession[] = [];
    for (const found of await findSessions(db, attemptIds)) {
      const session = told.get(found.pid) ?? { ...found, deniedTo: await terminate(db, found.pid) };
      told.set(found.pid, session);
      open.push(session);
    }
    const hopeless = open.every(({ deniedTo }) => deniedTo !== null);
    if (hopeless || performance.now() > until) return open;
    await sleep(LOOK_EVERY);
  }
}

/** More than these only make the line longer. */
const NAMED_AT_MOST = 3;

/** 'session 4711 of role app, which role ops may not end: grant pg_signal_backend to ops'. */
export function describeSessions(sessions: readonly OpenSession[]): string {
  const named = sessions.slice(0, NAMED_AT_MOST);
  const pids = named.map(({ pid, role }) => `session ${pid} of role ${role}`);
  const more = sessions.length - named.length;
  const text = [...pids, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const denied = sessions.find(({ deniedTo }) => deniedTo !== null);
  if (!denied) return `${text}, told to end`;
  const which = `${text}, which role ${denied.deniedTo} may not end`;
  return denied.superuser
    ? `${which}: let a superuser type: select pg_terminate_backend(${denied.pid})`
    : `${which}: grant pg_signal_backend to ${quoted(denied.deniedTo ?? '')}`;
}

/** Of other roles' sessions everybody sees pid, role and name, and no more without pg_monitor. */
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

/** @returns the role that may not do it, or null */
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
