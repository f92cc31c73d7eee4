import { within } from '../../settings/within';
import { connect, type Sql } from '../connect';

/** Why a pooler that shares sessions can't be used. */
export const SHARED_SESSIONS =
  'transactions share sessions (PgBouncer in transaction mode?): a session would lose its limits and its name, by which an attempt that was superseded is ended';

/** What to do about it. */
export const OWN_SESSIONS = 'the server itself, or a pool in session mode';

/** Longer than a server needs that was able to answer just before. Milliseconds. */
const HELD = 2_000;

/**
 * Whether a pooler gives each transaction any session (PgBouncer in transaction or statement mode).
 *
 * Two connections are opened, and each is asked which session it has. If one session serves both, or
 * one connection gets several, they are shared. A pooler that has little to do would give each its
 * own by chance, or by habit (the last one used). So one holds its session in a transaction while
 * the other gets another, and then lets it go.
 * @throws what connecting throws
 */
export async function sharesSessions(
  url: string,
  options: { readonly applicationName: string; readonly setting?: string },
): Promise<boolean> {
  const [one, two] = [0, 1].map(() => connect(url, { ...options, max: 1 })) as [Sql, Sql];
  const seen = { one: new Set<number>(), two: new Set<number>() };
  const look = async () => {
    seen.one.add(await backend(one));
    seen.two.add(await backend(two));
  };
  const isShared = () =>
    seen.one.size > 1 || seen.two.size > 1 || [...seen.one].some((pid) => seen.two.has(pid));
  try {
    await look();
    if (isShared()) return true;
    await one.begin(async (tx) => {
      seen.one.add(await backend(tx));
      // A pool may have no other session left: then nothing is seen here.
      const other = await within(HELD, backend(two));
      if (other !== undefined) seen.two.add(other);
    });
    await look();
    return isShared();
  } finally {
    await Promise.all([one.end({ timeout: 1 }), two.end({ timeout: 1 })]);
  }
}

async function backend(sql: Pick<Sql, 'unsafe'>): Promise<number> {
  // Without a prepared statement, which another session would not have.
  const [row] = await sql.unsafe<{ pid: number }[]>('select pg_backend_pid() as pid').simple();
  return row?.pid ?? 0;
}
