import type { PgDialect } from 'drizzle-orm/pg-core';
import { PostgresJsSession, PostgresJsTransaction } from 'drizzle-orm/postgres-js/session';
import type { Sql, TransactionSql } from './connect';
import { type Database, dialectOf, type Transaction } from './database';
import { lostPreparation, Prepared } from './prepared';
import { UnsafeDriver } from './safeDriver';
import type { Statement } from './statement';
import { StatementWatch } from './statementWatch';
import { TransactionEnded } from './transactionEnded';

const READ_COMMITTED = 'isolation level read committed read write';

/** Rows of a statement of ours. */
export type Rows = readonly Readonly<Record<string, unknown>>[];

/**
 * A transaction of ours in three round trips and those of its body. The cost of a small batch is its
 * round trips.
 */
export interface Flights<T> {
  /**
   * They are sent together with BEGIN. When BEGIN itself fails, they run outside of any transaction:
   * locks, settings and reads, and nothing else.
   */
  readonly first: readonly Statement[];
  /**
   * Gets the transaction and the rows of `first`, one list for each statement. It is not called when
   * one of them, or BEGIN, has failed.
   */
  body(tx: Transaction, rows: readonly Rows[]): Promise<T>;
  /**
   * Makes the statement that is sent together with COMMIT. So it has to fail when the transaction may
   * not commit. Default, or when it returns undefined: none.
   */
  last?(result: T): Statement | undefined;
}

/** What a committed transaction gives. */
export interface Landed<T> {
  readonly result: T;
  /** The rows of its last statement. */
  readonly rows: Rows;
}

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
  const { result } = await inFlights(db, { first: [], body });
  return result;
}

/**
 * Like {@link inTransaction}, but with statements that don't need round trips of their own.
 * @returns what `body` returned, and the rows of `last`
 * @throws the error of `first`, `body` or `last`, and then nothing of `body` was committed
 */
export async function inFlights<T>(db: Database, flights: Flights<T>): Promise<Landed<T>> {
  let begun = false;
  const once = () =>
    land(db, {
      ...flights,
      body: (tx, rows) => {
        begun = true;
        return flights.body(tx, rows);
      },
    });
  try {
    return await once();
  } catch (error) {
    // The first statements have failed before they did anything.
    if (begun || !lostPreparation(error)) throw error;
    return once();
  }
}

async function land<T>(db: Database, { first, body, last }: Flights<T>): Promise<Landed<T>> {
  const watch = new StatementWatch();
  const prepared = Prepared.of(db.$client);
  let sent: Promise<Rows> | undefined;
  try {
    const begin = db.$client.begin as unknown as Begin;
    const result = await begin<T>(
      READ_COMMITTED,
      async (client) => {
        if (!client.begun) throw new UnsafeDriver();
        const [, ...rows] = await Promise.all([
          client.begun,
          ...first.map((each) => query(client, each, prepared)),
        ]);
        const done = await watch.around(client, () =>
          whileOpen(client, watch, prepared, (guarded) =>
            body(onClient(guarded, dialectOf(db)), rows),
          ),
        );
        const final = last?.(done);
        if (final) client.last = sent = query(client, final, prepared);
        return done;
      },
      // Not the body's own statements: they must not be sent before BEGIN has worked.
      first.length > 0,
    );
    return { result, rows: (await sent) ?? [] };
  } catch (error) {
    prepared.failed(error);
    throw watch.ended && !isFinal(error) ? new TransactionEnded() : error;
  }
}

/** The driver's begin() as our patch extends it. */
type Begin = <T>(
  options: string,
  body: (client: PatchedClient) => Promise<T>,
  together: boolean,
) => Promise<T>;

interface PatchedClient extends TransactionSql {
  /** The answer to BEGIN. Undefined: the driver is not patched. */
  readonly begun: Promise<unknown> | undefined;
  /** Is sent together with COMMIT. */
  last?: Promise<Rows>;
}

/** A statement of ours, not sent yet. Unprepared, one without parameters would be parsed each time. */
function query(client: TransactionSql, { text, params }: Statement, prepared: Prepared) {
  const options = { prepare: prepared.on, simple: false };
  return client.unsafe(text, params as never[], options as never) as Promise<Rows>;
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
  prepared: Prepared,
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
            whileOpen(inner, watch, prepared, work),
          );
        };
      }
      if (name !== 'unsafe') return value;
      return (text: string, params: readonly unknown[] = [], options = {}) => {
        requireOpen();
        const worth = params.length > 0 && prepared.isWorth(text);
        const query = value(text, params, worth ? { ...options, prepare: true } : options);
        return watch.statement(query, (error) => prepared.failed(error, text));
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
