import { PgDialect } from 'drizzle-orm/pg-core';
import { PostgresJsSession, PostgresJsTransaction } from 'drizzle-orm/postgres-js/session';
import type { Sql, TransactionSql } from './connect';
import type { Database, Transaction } from './database';

const READ_COMMITTED = 'isolation level read committed read write';
const dialect = new PgDialect();

/**
 * Runs `body` in a READ COMMITTED transaction, whatever the role, the database or the session has
 * as default: the fence holds in no other (see rows/fence.ts). The level is part of BEGIN. Drizzle sends
 * it as a statement of its own, which comes too late when another statement is sent beside it.
 *
 * @throws what `body` throws, after a ROLLBACK; an error with the code TRANSACTION_ENDED when `body`
 *   itself has sent a COMMIT or ROLLBACK.
 */
export async function inTransaction<T>(
  db: Database,
  body: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const result = await db.$client.begin(READ_COMMITTED, (client) => body(onClient(client)));
  return result as T;
}

/** What Drizzle's own transaction() makes. Its types don't accept the client that it is made for. */
function onClient(client: TransactionSql): Transaction {
  const session = new PostgresJsSession<Sql, Schema, Schema>(
    client as unknown as Sql,
    dialect,
    undefined,
  );
  return new PostgresJsTransaction<Schema, Schema>(
    dialect,
    session as unknown as PostgresJsSession<never, Schema, Schema>,
    undefined,
  );
}

/** No schema for relational queries. */
type Schema = Record<string, never>;
