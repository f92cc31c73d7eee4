import { type ConnectOptions, connect, type Sql } from '../../drizzle/connect';
import { type Database, database } from '../../drizzle/database';
import { JOB_SCHEMA } from '../../drizzle/ourSchema';
import { EPOCH_SETTING, MIGRATION_SETTING } from '../../drizzle/rights/jobViews';
import { applicationName } from '../../drizzle/rows/sessions';
import { databaseSetting } from '../../settings/databases';
import type { RunInput } from '../process/messages';
import { OtherSessions, type Place } from './otherSessions';
import { gate, send } from './port';

/** A backfill should not use more cores of the database server than this. */
const CONNECTIONS = 16;
/** A worker that is frozen inside a transaction must not block others and VACUUM for ever. */
const IDLE_IN_TRANSACTION = '5min';

/** The attempt's own database sessions. */
export interface Sessions {
  /** Drizzle changes how its client parses dates, so `sql` has its own pool. */
  readonly db: Database;
  readonly sql: Sql;
  /** For what we do ourselves: walks, checkpoints. */
  readonly ours: Database;
  /** One session, for DDL statements: they may run for hours, and must not take those of walks. */
  readonly ddl: Sql;
  /** One session, for the canary: it must not wait for a free one. */
  readonly canary: Sql;
  /** Those in further databases. */
  readonly others: OtherSessions;
  /** Whether the job has opened any session in the main database. */
  readonly used: boolean;
  /**
   * For the end of the attempt: a further session would take a tenth of the time of a short one. The
   * job can't use `sql` any more, which then gives times as text.
   */
  readonly atTheEnd: Database;
  /** Ends them. A query that still runs after one second is interrupted. */
  end(): Promise<void>;
}

/**
 * Creates the pools for an attempt's SQL. Their sessions are opened when needed.
 * @param onLost called when a session has ended that we did not end
 */
export function openSessions(input: RunInput, onLost: () => void): Sessions {
  used.clear();
  const ofAttempt = (url: string, place: Place, max?: number, onSession?: () => void) =>
    guarded(url, place, input, onLost, { max, onSession });
  const main = mainPlace(input);
  let drizzleIsOpen = false;
  const forDrizzle = ofAttempt(input.databaseUrl, main, undefined, () => {
    drizzleIsOpen = true;
  });
  const sql = ofAttempt(input.databaseUrl, main);
  const ddl = ofAttempt(input.databaseUrl, main, 1);
  const canary = ofAttempt(input.databaseUrl, main, 1);
  const others = new OtherSessions(input, ofAttempt, (name) => used.has(name));
  // With a role of its own, the job reaches our tables by way of views.
  const ours = (pool: Sql) =>
    input.ownRole ? database(pool, undefined, JOB_SCHEMA) : database(pool);
  const db = ours(forDrizzle);
  return {
    db,
    sql,
    ours: db,
    ddl,
    canary,
    others,
    get used() {
      return used.has(undefined);
    },
    get atTheEnd() {
      return drizzleIsOpen ? db : ours(sql);
    },
    end: async () => {
      const pools = [forDrizzle, sql, ddl, canary].map((pool) => pool.end({ timeout: 1 }));
      await Promise.all([...pools, others.end()]);
    },
  };
}

/** The attempt's place in the main database. */
export const mainPlace = (input: RunInput): Place => ({
  applicationName: applicationName(BigInt(input.attempt.id)),
});

interface PoolOptions {
  readonly max?: number | undefined;
  /** Called when a session is about to wait for the worker. */
  readonly onSession?: (() => void) | undefined;
  readonly settings?: ConnectOptions['settings'];
}

/**
 * A pool in which each new session, also after a reconnect, waits until the worker has checked that
 * the attempt is still the current one. Otherwise postgres.js would reconnect after
 * pg_terminate_backend(), and a superseded attempt could write again.
 *
 * The check happens when pg_stat_activity shows the name of the session. (Behind a pooler, that is
 * after the first statement.) So either a newer claim finds the session and ends it, or the check
 * finds the newer claim.
 *
 * When a session is lost, the server may have crashed and lost its last commits, on which the data in
 * the job's memory depends. So the attempt ends and no new session is allowed: the thread stays
 * blocked until its process is ended.
 */
export function guarded(
  url: string,
  place: Place,
  { limitMs, password, ownRole, attempt }: RunInput,
  onLost: () => void,
  { max = CONNECTIONS, onSession, settings = {} }: PoolOptions = {},
): Sql {
  return connect(url, {
    max,
    applicationName: place.applicationName,
    password,
    // The main database remembers steps, checkpoints and finished ranges. What the job has written
    // elsewhere before must not be lost when only that other server crashes.
    ...(place.database !== undefined && {
      setting: databaseSetting(place.database),
      durable: true,
    }),
    ...(ownRole &&
      place.database === undefined && {
        setting: 'LRM_JOB_DATABASE_URL',
        ownPassword: true,
        startUp: { [MIGRATION_SETTING]: attempt.migration, [EPOCH_SETTING]: ownRole.epoch },
      }),
    settings: {
      statement_timeout: String(limitMs),
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION,
      // The role's own timeout would end an idle session, and with it the attempt.
      idle_session_timeout: '0',
      ...settings,
    },
    onSession: () => {
      onSession?.();
      waitUntilAllowed(place.database);
    },
    onLost: () => {
      lost = true;
      onLost();
    },
  });
}

/** The databases in which sessions were opened, by name. Undefined: the main one. */
const used = new Set<string | undefined>();
let lost = false;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread until the worker allows the session: nothing may be sent on it before. */
function waitUntilAllowed(database: string | undefined): void {
  used.add(database);
  if (lost) Atomics.wait(NEVER, 0, 0);
  Atomics.store(gate, 0, 0);
  send({ type: 'session', ...(database !== undefined && { database }) });
  Atomics.wait(gate, 0, 0);
}
