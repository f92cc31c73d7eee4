import { type SQL, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Attempt } from '../attempt';
import { sleep } from '../walk/sleep';
import { OwnTransaction } from './ownTransaction';
import { readProgress } from './progress';

/** Often enough to see it move. Milliseconds. */
const LOOK_EVERY = 500;

const dialect = new PgDialect();

/** How a DDL statement is run. */
export interface StatementOptions {
  /** For each lock that it waits for, as Postgres writes it; '0': no limit. */
  readonly lockTimeout: string;
  /** Gets how far it is. */
  readonly say?: (text: string) => void;
  /** False: it goes on when the attempt has to stop, for what is short and cleans up. */
  readonly cancelled?: boolean;
}

/**
 * Runs a DDL statement on the attempt's session for them, outside of any transaction. When the
 * attempt has to stop, the statement is cancelled.
 * @throws OwnTransaction when it waits for a transaction of the job that does nothing
 */
export async function runStatement(
  attempt: Attempt,
  statement: SQL,
  { lockTimeout, say = () => {}, cancelled = true }: StatementOptions,
): Promise<void> {
  const [session] = await attempt.ddl<{ pid: number }[]>`
    select pg_backend_pid() as pid, set_config('lock_timeout', ${lockTimeout}, false)`;
  if (!session) throw new Error('a SELECT returned no row');
  if (cancelled) attempt.signal.throwIfAborted();
  const ended = new AbortController();
  const watching = watch(attempt, session.pid, ended.signal, say, cancelled);
  let error: unknown;
  try {
    await attempt.ddl.unsafe(dialect.sqlToQuery(statement).sql);
    return;
  } catch (thrown) {
    error = thrown;
  } finally {
    ended.abort();
    await watching;
  }
  throw (await watching) ?? error;
}

/** Returns why it has cancelled the statement, when that was for the job's own transaction. */
async function watch(
  attempt: Attempt,
  pid: number,
  ended: AbortSignal,
  say: (text: string) => void,
  cancelled: boolean,
): Promise<OwnTransaction | undefined> {
  const { db, signal } = attempt;
  let own: OwnTransaction | undefined;
  const either = cancelled ? AbortSignal.any([ended, signal]) : ended;
  while (!ended.aborted) {
    try {
      // Repeated until the statement has ended: one that comes before its begin does nothing.
      if (own || (cancelled && signal.aborted)) {
        await db.execute(sql`select pg_cancel_backend(${pid})`);
      } else {
        const { text, ownTransaction } = await readProgress(db, pid);
        if (ownTransaction && !ended.aborted) own = new OwnTransaction();
        if (text && !ended.aborted) say(text);
      }
    } catch {
      // It only watches. A lost session ends the attempt elsewhere.
    }
    await sleep(LOOK_EVERY, own || signal.aborted ? ended : either).catch(() => {});
  }
  return own;
}
