import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { Database } from '../database';
import { SCHEMA } from '../schema';
import { sqlState } from '../sqlState';

/**
 * The name of an attempt's sessions in pg_stat_activity, by which they are found and ended. It
 * holds our schema, because another installation in the same database also counts its attempts from
 * 1. Postgres cuts names at 63 bytes, so 39 remain for the schema.
 */
export const applicationName = (attemptId: bigint): string => `lrm:${SCHEMA}:${attemptId}`;

/**
 * The name of an attempt's sessions in a further database. Many installations may have that one in
 * common, and most have the same schema, so it holds what identifies the installation.
 */
export const nameElsewhere = (installation: string, attemptId: bigint | string): string =>
  `lrm:${installation.replaceAll('-', '')}:${attemptId}`;

/** A session of an attempt that is still open. */
export interface OpenSession {
  readonly pid: number;
  /** The role that logged in. */
  readonly role: string;
  readonly superuser: boolean;
  /** Our own role, when it has no right to end the session. Null: the session was asked to end. */
  readonly deniedTo: string | null;
  /** The name of the further database that it is in. Undefined: the main one. */
  readonly database?: string;
}

/** A session ends at once, unless the server is overloaded. Milliseconds. */
const WAIT_FOR_END = 2_000;
/** Time between two checks. The first ones follow sooner: most sessions end at once. Milliseconds. */
const LOOK_EVERY = 50;
const FIRST_LOOK_AFTER = 5;

/** Ends the sessions of these names in one database. */
export async function endNamed(db: Database, names: readonly string[]): Promise<OpenSession[]> {
  const seen = new Map<number, OpenSession>();
  const until = performance.now() + WAIT_FOR_END;
  let wait = FIRST_LOOK_AFTER;
  for (;;) {
    const open: OpenSession[] = [];
    for (const found of await findSessions(db, names)) {
      const session = seen.get(found.pid) ?? { ...found, deniedTo: await terminate(db, found.pid) };
      seen.set(found.pid, session);
      open.push(session);
    }
    const hopeless = open.every(({ deniedTo }) => deniedTo !== null);
    if (hopeless || performance.now() > until) return open;
    await sleep(wait);
    wait = Math.min(2 * wait, LOOK_EVERY);
  }
}

/** Uses only what every role sees of other roles' sessions. More would need pg_monitor. */
async function findSessions(
  db: Database,
  applicationNames: readonly string[],
): Promise<Omit<OpenSession, 'deniedTo'>[]> {
  const names = sql.join(
    applicationNames.map((name) => sql`${name}`),
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
