import { connect } from './connect';
import { type Database, database } from './database';

/** A worker asks short questions, one or two at a time for each attempt. */
const CONNECTIONS = 6;

/** Opens (lazily) the worker's own pool: for our tables only, never for a job's. */
export function openOwnDatabase(databaseUrl: string): Database {
  const client = connect(databaseUrl, {
    max: CONNECTIONS,
    applicationName: 'lrm worker',
    // A question that hangs must not keep an attempt from being counted; the next heartbeat asks again.
    settings: { statement_timeout: '30s', idle_in_transaction_session_timeout: '30s' },
  });
  return database(client);
}
