import { PgDialect } from 'drizzle-orm/pg-core';
import { PostgresJsSession, PostgresJsTransaction } from 'drizzle-orm/postgres-js/session';
import type { Sql, TransactionSql } from './connect';
import type { Database, Transaction } from './database';

const READ_COMMITTED = 'isolation level read committed read write';
const dialect = new PgDialect();

/**
 * Runs `body` in a READ COMMITTED transaction, whatever the default of the role, the database or
 * the session is. The fence works at no other level (see rows/fence.ts). BEGIN sets the level here.
 * Drizzle sets it with a separate statement, which another statement can overtake.
 *
 * @throws the error of `body`, after a ROLLBACK; an error with the code TRANSACTION_ENDED when
 *   `body` itself has sent a COMMIT or ROLLBACK
 */
export async function inTransaction<T>(
  db: Database,
  body: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const result = await db.$client.begin(READ_COMMITTED, (client) => body(onClient(client)));
  return result as T;
}

/** Like Drizzle's own transaction(). Drizzle's types don't accept a transaction's client. */
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

/** We don't use Drizzle's relational queries. */
type Schema = Record<string, never>;
