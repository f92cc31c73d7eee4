import { within } from '../../settings/within';
import { type ConnectOptions, connect, type Sql } from '../connect';
import { OperationRefused } from '../rows/operationRefused';

/** Why a pooler that shares sessions can't be used. */
export const SHARED_SESSIONS =
  'transactions share sessions (PgBouncer in transaction mode?): a session would lose its limits and its name, by which an attempt that was superseded is ended';

/** What to do about it. */
export const OWN_SESSIONS = 'the server itself, or a pool in session mode';

/** Why, and what to do with the setting that holds the URL. */
export const refusal = (setting: string): string =>
  `${SHARED_SESSIONS}; set ${setting} to ${OWN_SESSIONS}`;

type Options = Pick<ConnectOptions, 'applicationName' | 'setting'>;

/**
 * Refuses a pooler that shares sessions, for what leaves something in them: a lock that nobody would
 * let go, or limits that the application's next transaction would have. A server itself costs one
 * connection more.
 * @throws OperationRefused with what to do, and what connecting throws
 */
export async function refuseSharedSessions(url: string, options: Options): Promise<void> {
  if (!(await isPooled(url, options)) || !(await sharesSessions(url, options))) return;
  throw new OperationRefused(refusal(options.setting ?? 'DATABASE_URL'));
}

/**
 * Whether a pooler of any kind stands in between: the session is another one than the server named
 * when the connection was opened. PgBouncer has no session yet at that time, and invents a number.
 */
export async function isPooled(url: string, options: Options): Promise<boolean> {
  const sql = connect(url, { ...options, max: 1, bare: true });
  try {
    const rows = await askBackend(sql);
    return rows[0]?.pid !== rows.state.pid;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

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
export async function sharesSessions(url: string, options: Options): Promise<boolean> {
  const [one, two] = [0, 1].map(() => connect(url, { ...options, max: 1, bare: true })) as [
    Sql,
    Sql,
  ];
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

const backend = async (sql: Pick<Sql, 'unsafe'>): Promise<number> =>
  (await askBackend(sql))[0]?.pid ?? 0;

// Without a prepared statement, which another session would not have.
const askBackend = (sql: Pick<Sql, 'unsafe'>) =>
  sql.unsafe<{ pid: number }[]>('select pg_backend_pid() as pid').simple();
