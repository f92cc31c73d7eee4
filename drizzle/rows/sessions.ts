import { desc, eq, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { identifier } from '../rights/identifier';
import { attempts } from '../schema';
import { applicationName, endNamed, type OpenSession } from './namedSessions';
import { endSessionsElsewhere, type Unseen } from './sessionsElsewhere';

export { applicationName, nameElsewhere } from './namedSessions';

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

/** What keeps an attempt from being surely gone. */
export type Open = OpenSession | Unseen;

/**
 * Ends the sessions of these attempts, from whatever host and with whatever role they connected,
 * and waits until they are gone. Postgres rolls back their open transactions. Also ends them in the
 * further databases that the attempts have used.
 * @returns the sessions that are still open; {@link describeSessions} says why
 */
export async function endSessions(db: Database, attemptIds: readonly bigint[]): Promise<Open[]> {
  if (attemptIds.length === 0) return [];
  const [here, elsewhere] = await Promise.all([
    endNamed(db, attemptIds.map(applicationName)),
    endSessionsElsewhere(db, attemptIds),
  ]);
  return [...here, ...elsewhere];
}

/** More names would only make the line longer. */
const NAMED_AT_MOST = 3;

/** 'session 4711 of role app, which role ops may not end: grant pg_signal_backend to ops'. */
export function describeSessions(open: readonly Open[]): string {
  const sessions = open.filter((each): each is OpenSession => !('unseen' in each));
  const unseen = open.filter((each): each is Unseen => 'unseen' in each);
  const texts = unseen.map(
    ({ database, unseen }) => `sessions in database ${database} that may be open: ${unseen}`,
  );
  return [...(sessions.length > 0 ? [describeSeen(sessions)] : []), ...texts].join('; ');
}

function describeSeen(sessions: readonly OpenSession[]): string {
  const named = sessions.slice(0, NAMED_AT_MOST);
  const pids = named.map(
    ({ pid, role, database }) =>
      `session ${pid} of role ${role}${database ? ` in database ${database}` : ''}`,
  );
  const more = sessions.length - named.length;
  const text = [...pids, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const denied = sessions.find(({ deniedTo }) => deniedTo !== null);
  if (!denied) return `${text}, already asked to end`;
  const which = `${text}, which role ${denied.deniedTo} may not end`;
  return denied.superuser
    ? `${which}: ask a superuser to run: select pg_terminate_backend(${denied.pid})`
    : `${which}: grant pg_signal_backend to ${quoted(denied.deniedTo ?? '')}`;
}

const quoted = (role: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(role) ? role : identifier(role);
