import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { built } from '../../../settings/projectFolder';
import type { Bench } from '../server';
import type { Phase } from './schedule';
import type { LoadInput, Samples } from './thread';

/** An application in use. */
export interface Load {
  /** When it began, on the clock of {@link now}. */
  readonly begun: number;
  /** Ends it, and returns what it measured, when all that was due is done. */
  stop(): Promise<Samples>;
}

/** The kinds of transactions: half of the clients each. */
export const KINDS: Readonly<Record<keyof Samples, string>> = {
  elsewhere: 'other tables',
  sameTable: 'walked table',
};

/** What to say about it in a report. */
export const ABOUT_LOAD =
  'Half of the transactions are like TPC-B on other tables, half update one row of the table that ' +
  'is walked. A late one counts from when it was due.';

/** Milliseconds on a clock that all threads share. */
export const now = (): number => performance.timeOrigin + performance.now();

/** Makes the load's own tables. `users` must be there. */
export async function prepareLoad({ sql }: Bench): Promise<void> {
  await sql.unsafe(`
    drop table if exists accounts, history;
    create table accounts (id integer primary key, balance integer not null default 0);
    insert into accounts select generate_series(1, 100000);
    create table history (account integer not null)`);
}

/** Starts a load in a thread of its own, with its own connections. */
export async function startLoad(
  { databaseUrl }: Bench,
  rows: number,
  clients: number,
  phases: readonly Phase[],
): Promise<Load> {
  const workerData: LoadInput = { databaseUrl, rows, clients, phases };
  const thread = new Worker(built('test/bench/load/thread.js'), { workerData });
  const [begun] = (await once(thread, 'message')) as [number];
  // It comes before the load is stopped, when nothing is due any more.
  const answer = once(thread, 'message') as Promise<[Samples]>;
  answer.catch(() => {}); // stop() throws the error.
  return {
    begun,
    stop: async () => {
      thread.postMessage('stop');
      return (await answer)[0];
    },
  };
}
