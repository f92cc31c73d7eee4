import { connect, type Sql } from '../../drizzle/connect';
import { type Database, database } from '../../drizzle/database';
import { applicationName } from '../../drizzle/rows/sessions';
import type { RunInput } from '../process/messages';
import { gate, send } from './port';

/** More lanes than this want more cores than a database gives to a backfill. */
const CONNECTIONS = 16;
/** A worker frozen inside a transaction must not hold its locks and hold back VACUUM for ever. */
const IDLE_IN_TRANSACTION = '5min';

/** The attempt's own connections. */
export interface Sessions {
  /** Drizzle changes how its client reads dates, so plain postgres.js has a pool of its own. */
  readonly db: Database;
  readonly sql: Sql;
  /** Whether the job has opened a session at all. */
  readonly used: boolean;
  /** Ends them; a query still running a second later is cut off. */
  end(): Promise<void>;
}

/**
 * Opens (lazily) the pools that an attempt's SQL runs on.
 * @param onLost called when a session has ended that this side did not end
 */
export function openSessions(input: RunInput, onLost: () => void): Sessions {
  const forDrizzle = guarded(input, onLost);
  const sql = guarded(input, onLost);
  return {
    db: database(forDrizzle),
    sql,
    get used() {
      return used;
    },
    end: async () => {
      await Promise.all([forDrizzle.end({ timeout: 1 }), sql.end({ timeout: 1 })]);
    },
  };
}

/**
 * A pool in which each new session, a reconnecting one's too, waits until the worker has
 * checked that the attempt is still the current one. postgres.js would reconnect after
 * pg_terminate_backend() and let a superseded attempt write on.
 *
 * The check comes when the session has its name in pg_stat_activity (behind a pooler, too, where a
 * session of the server is there only after the first statement): so either the claim finds the
 * session and ends it, or the check finds the claim.
 *
 * A lost session may mean a server that crashed and lost its last commits, and what the job has in
 * memory rests on them. So the attempt ends, and no new session is let through any more: the thread
 * stays blocked until its process is ended.
 */
function guarded(input: RunInput, onLost: () => void): Sql {
  return connect(input.databaseUrl, {
    max: CONNECTIONS,
    applicationName: applicationName(BigInt(input.attempt.id)),
    settings: {
      statement_timeout: String(input.limitMs),
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION,
      // Of a role's own timeout a session that rests would end, and the attempt with it.
      idle_session_timeout: '0',
    },
    onSession: waitUntilAllowed,
    onLost: () => {
      lost = true;
      onLost();
    },
  });
}

let used = false;
let lost = false;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread: nothing may be sent on the new session before. A superseded one is never allowed. */
function waitUntilAllowed(): void {
  used = true;
  if (lost) Atomics.wait(NEVER, 0, 0);
  Atomics.store(gate, 0, 0);
  send({ type: 'session' });
  Atomics.wait(gate, 0, 0);
}
