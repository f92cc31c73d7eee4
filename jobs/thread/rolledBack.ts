import { AsyncLocalStorage } from 'node:async_hooks';
import type { Sql, TransactionSql } from '../../drizzle/connect';
import { TransactionEnded } from '../../drizzle/transactionEnded';
import { JobUsageError } from '../context/jobUsageError';
import { endedByItself, Guard, READ_ONLY, READ_WRITE, refuseReadWrite } from './neverCommits';
import { observed } from './observed';
import { send } from './port';
import { findScans, type Statement } from './scans';

/** True inside of what a dry run calls of the job: its statements are explained. */
export const watched = new AsyncLocalStorage<boolean>();

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
    const readOnly = READ_ONLY.test(options);
    let ms = 0;
    try {
      await begin(readOnly ? options : readWrite(options), async (tx) => {
        const guard = new Guard(tx, readOnly);
        const statements: Statement[] = [];
        const begun = performance.now();
        const seen = observed(tx, {
          before: (text) => guard.before(text),
          sent: (statement) => watched.getStore() && statements.push(statement),
        });
        // As the driver does: (tx) => [tx`…`, tx`…`]
        const result = await during(async () => {
          const given = await body(seen);
          return Array.isArray(given) ? Promise.all(given) : given;
        });
        ms = performance.now() - begun;
        await guard.requireSame();
        ms -= guard.ms;
        for (const scan of await findScans(tx, statements)) {
          send({ type: 'dry', news: { kind: 'scan', scan } });
        }
        // What is deferred would fail at COMMIT.
        await tx.unsafe('set constraints all immediate');
        throw new RolledBack(result);
      });
    } catch (error) {
      if (!(error instanceof RolledBack))
        throw endedByItself(error) ? new TransactionEnded() : error;
      await onEnd(ms);
      return error.result;
    }
    throw new Error('a transaction of the dry run ended by itself');
  };
  return outside(Object.assign(sql, { begin: dryBegin }));
}

const NOTIFY = /(^|;)\s*notify\b|\bpg_notify\s*\(/i;

/** The pool outside of transactions, where its sessions can only read. */
function outside(sql: Sql): Sql {
  const refuse = (what: string) => () => {
    throw new JobUsageError(
      `job.sql.${what}() can't be used in a dry run, which could not roll back what it does`,
    );
  };
  Object.assign(sql, { reserve: refuse('reserve'), notify: refuse('notify') });
  return observed(sql, {
    before: (text) => {
      refuseReadWrite(text);
      if (!NOTIFY.test(text)) return;
      throw new JobUsageError('NOTIFY outside of a transaction could not be undone by a dry run');
    },
    sent: () => {},
  });
}

const readWrite = (options: string): string =>
  READ_WRITE.test(options) ? options : `${options} read write`;
