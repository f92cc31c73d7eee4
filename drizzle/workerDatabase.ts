import { drizzle } from 'drizzle-orm/postgres-js';
import { connect, type Sql } from './connect';

/** Drizzle on the worker's own pool: for our tables only, never for a job's. */
export type OwnDatabase = ReturnType<typeof openOwnDatabase>;

/** A Drizzle transaction on it. */
export type OwnTransaction = Parameters<Parameters<OwnDatabase['transaction']>[0]>[0];

/** A worker asks short questions, one or two at a time for each attempt. */
const CONNECTIONS = 6;

/** Opens (lazily) the worker's pool. */
export function openOwnDatabase(databaseUrl: string) {
  const client: Sql = connect(databaseUrl, {
    max: CONNECTIONS,
    applicationName: 'lrm worker',
    // A question that hangs must not keep an attempt from being counted; the next heartbeat asks again.
    settings: { statement_timeout: '30s', idle_in_transaction_session_timeout: '30s' },
  });
  return drizzle(client);
}
