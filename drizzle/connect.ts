import type postgres from 'postgres';
import { readTarget } from '../settings/postgresUrl/target';
import { openPool } from './connection/pool';

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
  /**
   * True: nothing is set in the sessions and no statement is prepared, so that a pooler can give them
   * to somebody else. Without `settings` and `durable`.
   */
  readonly bare?: boolean;
  /** For a URL without a password. Default: PGPASSWORD. */
  readonly password?: string | undefined;
  /** True: PGPASSWORD is another role's, and is not used. */
  readonly ownPassword?: boolean;
  /** The setting that holds the URL, for messages. Default 'DATABASE_URL'. */
  readonly setting?: string;
  /** Called when a new session has its name and settings, before any other statement is sent. */
  readonly onSession?: () => void;
  /** Called when a session ended that we did not end. */
  readonly onLost?: () => void;
}

/**
 * Opens a pool of connections, as the URL and the environment's `PG*` variables say. It connects at
 * the first query. numeric and bigint arrive as text, so that nothing is rounded.
 * @throws UsageError when the URL can't be read, or asks for what we don't have
 */
export function connect(url: string, options: ConnectOptions): Sql {
  const env = options.ownPassword ? { ...process.env, PGPASSWORD: undefined } : process.env;
  const target = readTarget(url, options.setting ?? 'DATABASE_URL', env);
  const password = target.password ?? options.password;
  return openPool(
    { ...target, password },
    {
      options: {
        max: options.max ?? 4,
        // An idle session costs the server memory.
        idle_timeout: 60,
        // Otherwise an array arrives as text, and a key would be misread.
        fetch_types: true,
        prepare: !options.bare,
        // A NOTICE may hold row values (RAISE NOTICE in a trigger), so it must not reach a log.
        onnotice: () => {},
        // Our patch adds the second argument.
        onclose: ((_id: number, lost?: boolean) => void (lost && options.onLost?.())) as never,
      },
      applicationName: options.applicationName,
      startUp: options.startUp,
      sessionStart: options.bare ? [] : sessionStart(options),
      onSession: options.onSession,
    },
  );
}

/**
 * What the first statement of each session does, which our patch adds to the driver. Start-up
 * parameters would not do: PgBouncer refuses those it does not know. The name is set again because
 * `PGOPTIONS` may set another, and we find sessions by their name.
 */
function sessionStart({ applicationName, settings, durable }: ConnectOptions): string[] {
  const wanted = {
    // Ends the session soon after its client is gone (Postgres 14 and later).
    client_connection_check_interval: '2s',
    ...settings,
    application_name: applicationName,
  };
  const set = Object.entries(wanted).map(
    ([name, value]) => `set_config(${literal(name)}, ${literal(value)}, false)`,
  );
  return durable ? [...set, DURABLE] : set;
}

/** Any other value than off waits for the disk, or for more. */
const DURABLE = `set_config('synchronous_commit',
  coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on'), false)`;

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
