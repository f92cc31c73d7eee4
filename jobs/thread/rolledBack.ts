import { AsyncLocalStorage } from 'node:async_hooks';
import type { Sql, TransactionSql } from '../../drizzle/connect';
import { TransactionEnded } from '../../drizzle/transactionEnded';
import { JobUsageError } from '../context/jobUsageError';
import { send } from './port';
import { findScans, type Statement } from './scans';

/** True inside of what a dry run calls of the job: its statements are explained. */
export const watched = new AsyncLocalStorage<boolean>();

/**
 * A transaction that holds this can't be committed, whoever sends the COMMIT: the constraint is
 * checked then, and is violated. A temporary table is enough, and goes with the ROLLBACK.
 */
const NEVER_COMMITS = `
  create temporary table lrm_dry_run (id integer primary key, other integer
    constraint a_dry_run_never_commits references lrm_dry_run deferrable initially deferred);
  insert into lrm_dry_run values (1, 2)`;

/** Undoes what has succeeded. */
class RolledBack extends Error {
  constructor(readonly result: unknown) {
    super('rolled back');
  }
}

type Body = (tx: TransactionSql) => unknown;

/**
 * Makes a pool roll back each of its transactions, and returns it. The body's result is given to the
 * caller as if it had been committed.
 * @param onEnd called after each transaction that did not fail, with its milliseconds
 * @param during calls each body
 */
export function rolledBack(
  sql: Sql,
  onEnd: (ms: number) => Promise<void> = async () => {},
  during: <T>(body: () => T) => T = (body) => body(),
): Sql {
  const begin = sql.begin as unknown as (options: string, body: Body) => Promise<unknown>;
  const dryBegin = async (...given: [string, Body] | [Body]) => {
    const [options, body] = given.length === 1 ? ['', given[0]] : given;
    const readOnly = /read\s+only/i.test(options);
    let ms = 0;
    try {
      await begin(readOnly ? options : readWrite(options), async (tx) => {
        if (!readOnly) await tx.unsafe(NEVER_COMMITS).simple();
        const transaction = await currentTransaction(tx);
        const statements: Statement[] = [];
        const begun = performance.now();
        const result = await during(() => body(recording(tx, statements)));
        ms = performance.now() - begun;
        // Fails, too, where the body has caught an error of Postgres, as storing its range would.
        if ((await currentTransaction(tx)) !== transaction) throw new TransactionEnded();
        for (const scan of await findScans(tx, statements)) {
          send({ type: 'dry', news: { kind: 'scan', scan } });
        }
        throw new RolledBack(result);
      });
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error;
      await onEnd(ms);
      return error.result;
    }
    throw new Error('a transaction of the dry run ended by itself');
  };
  const reserve = () => {
    throw new JobUsageError(
      "job.sql.reserve() can't be used in a dry run, which could not roll back what it does",
    );
  };
  return Object.assign(sql, { begin: dryBegin, reserve });
}

async function currentTransaction(tx: TransactionSql): Promise<unknown> {
  const [row] = await tx.unsafe('select pg_current_xact_id_if_assigned()::text as id');
  return row?.['id'];
}

const readWrite = (options: string): string =>
  /read\s+write/i.test(options) ? options : `${options} read write`;

/** Remembers the statements of the job. Drizzle sends all of its by `unsafe`. */
function recording(tx: TransactionSql, statements: Statement[]): TransactionSql {
  return new Proxy(tx, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name !== 'unsafe') return value;
      return (query: string, parameters: Statement['parameters'] = [], ...more: unknown[]) => {
        if (watched.getStore()) statements.push({ query, parameters });
        return value(query, parameters, ...more);
      };
    },
  });
}
