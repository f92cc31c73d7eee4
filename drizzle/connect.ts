import postgres from 'postgres';
import { UsageError } from '../settings/usageError';

/** A postgres.js client. */
export type Sql = postgres.Sql;
/** A postgres.js client inside `sql.begin()`. */
export type TransactionSql = postgres.TransactionSql;

/** Options of {@link connect}. */
export interface ConnectOptions {
  /** Maximum number of connections. Default 4. */
  readonly max?: number;
  /** Shown in pg_stat_activity. Postgres cuts it at 63 bytes. */
  readonly applicationName: string;
  /** More settings for each session, by their Postgres names. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Sent when a session is opened. A pooler may refuse or drop them. No other session can see them. */
  readonly startUp?: Readonly<Record<string, string>> | undefined;
  /** True: a COMMIT waits for the disk, even if synchronous_commit is off by default. */
  readonly durable?: boolean;
  /** For a URL without a password. Default: PGPASSWORD. */
  readonly password?: string | undefined;
  /** The setting that holds the URL, for messages. Default 'DATABASE_URL'. */
  readonly setting?: string;
  /** Called when a new session has its name and settings, before any other statement is sent. */
  readonly onSession?: () => void;
  /** Called when a session ended that we did not end. */
  readonly onLost?: () => void;
}

/**
 * Opens a pool of connections. It connects at the first query. numeric and bigint arrive as text,
 * so that nothing is rounded.
 * @throws UsageError when the URL can't be read
 */
export function connect(url: string, options: ConnectOptions): Sql {
  return open(url, options.setting ?? 'DATABASE_URL', {
    max: options.max ?? 4,
    // The driver's 30 s are longer than a readiness check waits for its answer.
    connect_timeout: 10,
    // An idle session costs the server memory.
    idle_timeout: 60,
    // The URL could switch it off. Then an array arrives as text, and a key would be misread.
    fetch_types: true,
    // A NOTICE may hold row values (RAISE NOTICE in a trigger), so it must not reach a log.
    onnotice: () => {},
    connection: { ...options.startUp, application_name: options.applicationName },
    // The driver would let it win over that of the URL.
    ...(options.password !== undefined &&
      !HAS_PASSWORD.test(url) && { password: options.password }),
    ...sessionStart(options),
    // Our patch adds the second argument.
    onclose: (_id: number, lost?: boolean) => void (lost && options.onLost?.()),
  });
}

const HAS_PASSWORD = /^[^/]*\/\/[^:/?#@]*:[^/?#]*@/;

/**
 * The first statement of each session, which our patch adds to the driver. Start-up parameters
 * would not do: PgBouncer refuses those it does not know. The name is set again because
 * `?application_name=` in the URL replaces it, and we find sessions by their name.
 */
function sessionStart({ applicationName, settings, durable, onSession }: ConnectOptions) {
  const wanted = {
    // Ends the session soon after its client is gone (Postgres 14 and later).
    client_connection_check_interval: '2s',
    ...settings,
    application_name: applicationName,
  };
  const set = Object.entries(wanted).map(
    ([name, value]) => `set_config(${literal(name)}, ${literal(value)}, false)`,
  );
  if (durable) set.push(DURABLE);
  return { session: `select ${set.join(', ')}`, ...(onSession && { onsession: onSession }) };
}

/** Any other value than off waits for the disk, or for more. */
const DURABLE = `set_config('synchronous_commit',
  coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'), false)`;

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The driver's error quotes the URL, which holds a password. */
function open(url: string, setting: string, options: Parameters<typeof postgres>[1]): Sql {
  try {
    return postgres(url, options);
  } catch (error) {
    const unreadable = error instanceof URIError || hasCode(error, 'ERR_INVALID_URL');
    throw unreadable ? new UsageError(unreadableUrl(setting)) : error;
  }
}

const hasCode = (error: unknown, code: string) => (error as { code?: unknown })?.code === code;

const unreadableUrl = (setting: string): string =>
  `${setting} can't be read as a URL: special characters in the password must be percent-encoded`;
