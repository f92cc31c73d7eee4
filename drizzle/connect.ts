import { readFileSync } from 'node:fs';
import postgres from 'postgres';
import { UsageError } from '../settings/usageError';

/** A postgres.js client. */
export type Sql = postgres.Sql;
/** A postgres.js client inside sql.begin(). */
export type TransactionSql = postgres.TransactionSql;

/** What every connection of ours has in common; see {@link connect}. */
export interface ConnectOptions {
  /** Connections at most. Default 4. */
  readonly max?: number;
  /** Shown in pg_stat_activity; Postgres cuts it at 63 bytes. */
  readonly applicationName: string;
  /** More settings for each session, by Postgres's names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called when a new session has its name and settings, and before anything else is sent on it. */
  readonly onSession?: () => void;
  /** Called when a session ended that this side did not end. */
  readonly onLost?: () => void;
}

/**
 * Opens a pool of connections (lazily: the first query connects). Values stay Postgres's own:
 * numeric and bigint arrive as text, so nothing is rounded on the way.
 * @throws UsageError when the URL can't be read
 */
export function connect(url: string, options: ConnectOptions): Sql {
  requireMended();
  return open(url, {
    max: options.max ?? 4,
    // An unreachable host must be told within a readiness check, not after half a minute.
    connect_timeout: 10,
    // An idle session costs the server memory.
    idle_timeout: 60,
    // NOTICEs may hold row values (RAISE NOTICE in a trigger): never to a log.
    onnotice: () => {},
    connection: { application_name: options.applicationName },
    ...sessionStart(options),
    // The second argument is an addition of our patch, too.
    onclose: (_id: number, lost?: boolean) => void (lost && options.onLost?.()),
  });
}

/**
 * The first statement of each session (an addition of our patch). Not start-up parameters: PgBouncer
 * refuses those it does not know. And the name is set here once more, because `?application_name=`
 * in the URL would replace it, and sessions are found by it.
 */
function sessionStart({ applicationName, settings, onSession }: ConnectOptions) {
  const wanted = {
    // A session whose client is gone must not go on for hours (Postgres 14 and later).
    client_connection_check_interval: '2s',
    ...settings,
    application_name: applicationName,
  };
  const set = Object.entries(wanted).map(
    ([name, value]) => `set_config(${literal(name)}, ${literal(value)}, false)`,
  );
  return { session: `select ${set.join(', ')}`, ...(onSession && { onsession: onSession }) };
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The driver's own error would quote the URL, which holds a password. */
function open(url: string, options: Parameters<typeof postgres>[1]): Sql {
  try {
    return postgres(url, options);
  } catch (error) {
    const unreadable = error instanceof URIError || hasCode(error, 'ERR_INVALID_URL');
    throw unreadable ? new UsageError(UNREADABLE) : error;
  }
}

const hasCode = (error: unknown, code: string) => (error as { code?: unknown })?.code === code;

const UNREADABLE =
  "DATABASE_URL can't be read as a URL: special characters in the password must be percent-encoded";

let mended: boolean | undefined;

/**
 * As published (3.4.9), when a session ends inside a transaction, later statements go to whatever
 * session took the connection's place, outside of any transaction: a batch could take effect twice.
 * And its ROLLBACK, written to a socket that is gone, ends the process. patches/ mends both
 * (issues 1133, 1208 and 1216 of porsager/postgres). It sends nothing twice inside a transaction (a
 * COMMIT that failed was sent again, and the second one's answer taken for success), and adds the
 * first statement of a session. An install without scripts would leave it out.
 */
function requireMended(): void {
  mended ??= isMended(readFileSync(require.resolve('postgres'), 'utf8'));
  if (!mended) throw new UsageError('postgres.js is not mended: run `npm run prepare`');
}

/** An older patch would leave sessions without their settings, and without being checked. */
const isMended = (source: string): boolean =>
  source.startsWith('// Mended') && source.includes('TRANSACTION_ENDED');
