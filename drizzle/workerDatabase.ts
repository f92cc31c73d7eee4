import type { DatabaseUrls } from '../settings/databases';
import { connect } from './connect';
import { type Database, database } from './database';

/** A worker runs short queries, one or two at a time for each attempt. */
const CONNECTIONS = 6;

/**
 * Opens the worker's own pool, for our tables only. Jobs have their own connections.
 * @param others further databases, in which sessions of attempts have to be ended, too
 */
export function openOwnDatabase(databaseUrl: string, others?: DatabaseUrls): Database {
  const client = connect(databaseUrl, {
    max: CONNECTIONS,
    applicationName: 'lrm worker',
    // A crash must not lose a claim or an outcome that the worker has acted on.
    durable: true,
    // A query that hangs must not hold up an attempt's end. The next heartbeat tries again.
    settings: { statement_timeout: '30s', idle_in_transaction_session_timeout: '30s' },
  });
  return database(client, others);
}
