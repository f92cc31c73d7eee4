import type { PgDialect } from 'drizzle-orm/pg-core';
import { PostgresJsSession, PostgresJsTransaction } from 'drizzle-orm/postgres-js/session';
import type { Sql, TransactionSql } from './connect';
import { type Database, dialectOf, type Transaction } from './database';
import { StatementWatch } from './statementWatch';
import { TransactionEnded } from './transactionEnded';

const READ_COMMITTED = 'isolation level read committed read write';

/**
 * Runs `body` in a READ COMMITTED transaction, whatever the default of the role, the database or
 * the session is. The fence works at no other level (see rows/fence.ts). BEGIN sets the level here.
 * Drizzle sets it with a separate statement, which another statement can overtake.
 *
 * @throws the error of `body`, after a ROLLBACK; {@link TransactionEnded} when `body` itself has sent
 *   a COMMIT or ROLLBACK, whatever else went wrong: what it did is not rolled back, so nobody may
 *   take its error for one after which it can be called again
 */
export async function inTransaction<T>(
  db: Database,
  body: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const watch = new StatementWatch();
  try {
    const result = await db.$client.begin(READ_COMMITTED, (client) =>
      watch.around(client, () =>
        whileOpen(client, watch, (guarded) => body(onClient(guarded, dialectOf(db)))),
      ),
    );
    return result as T;
  } catch (error) {
    throw watch.ended && !isFinal(error) ? new TransactionEnded() : error;
  }
}

/** Our own errors about it say more. */
const isFinal = (error: unknown): boolean =>
  error instanceof Error && 'nonRetryable' in error && error.nonRetryable === true;

/**
 * Calls `body` with a client that takes no statement after `body` has ended. When one callback of a
 * Promise.all() fails, the others go on. The driver would send their statements after the ROLLBACK,
 * outside of any transaction, or in that of another batch: work done twice, without the fence.
 */
async function whileOpen<T>(
  client: TransactionSql,
  watch: StatementWatch,
  body: (client: TransactionSql) => Promise<T>,
): Promise<T> {
  let ended = false;
  const requireOpen = () => {
    if (ended)
      throw new Error('a statement was sent after its transaction ended: await all of them');
  };
  const guarded = new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name === 'savepoint') {
        return (...args: [...unknown[], (inner: TransactionSql) => Promise<unknown>]) => {
          requireOpen();
          const work = args.at(-1) as (inner: TransactionSql) => Promise<unknown>;
          return value(...args.slice(0, -1), (inner: TransactionSql) =>
            whileOpen(inner, watch, work),
          );
        };
      }
      if (name !== 'unsafe') return value;
      return (...args: unknown[]) => {
        requireOpen();
        return watch.statement(value(...args));
      };
    },
  });
  try {
    return await body(guarded);
  } finally {
    ended = true;
  }
}

/** Like Drizzle's own transaction(). Drizzle's types don't accept a transaction's client. */
function onClient(client: TransactionSql, dialect: PgDialect): Transaction {
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
