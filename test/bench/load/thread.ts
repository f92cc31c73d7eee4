import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { connect, type Sql } from '../../../drizzle/connect';
import { dueTimes, type Phase } from './schedule';

/** The input of the thread that makes the load. */
export interface LoadInput {
  readonly databaseUrl: string;
  /** Rows of `users`, whose ids are multiples of three. */
  readonly rows: number;
  readonly clients: number;
  readonly phases: readonly Phase[];
}

/** One transaction of the application. */
export interface Sample {
  /** When it was due, in milliseconds after the load began. */
  readonly at: number;
  /** How long it took. A late one counts from when it was due. */
  readonly ms: number;
}

export interface Samples {
  /** Transactions like TPC-B on other tables. */
  readonly elsewhere: readonly Sample[];
  /** Updates of one row of the table that is walked. */
  readonly sameTable: readonly Sample[];
}

const { databaseUrl, rows, clients, phases } = workerData as LoadInput;
const samples: { elsewhere: Sample[]; sameTable: Sample[] } = { elsewhere: [], sameTable: [] };
const stop = new AbortController();
// Each client listens once at a time.
setMaxListeners(clients, stop.signal);
let stoppedAt = Number.POSITIVE_INFINITY;

parentPort?.once('message', () => {
  stoppedAt = performance.now();
  stop.abort();
});
void run();

async function run(): Promise<void> {
  const sql = connect(databaseUrl, { applicationName: 'foreground', max: clients });
  // Connecting must not count as the first transactions' time.
  await Promise.all(Array.from({ length: clients }, () => sql`select pg_sleep(0.1)`));
  const begun = performance.now();
  parentPort?.postMessage(performance.timeOrigin + begun);
  await Promise.all(Array.from({ length: clients }, (_, client) => runClient(sql, client, begun)));
  await sql.end();
  parentPort?.postMessage(samples satisfies Samples);
}

/**
 * Runs one transaction after the other. A late one does not delay the next one's due time, and
 * what was due when the load is stopped is still done: all those that a long statement has blocked
 * count, not just the first.
 */
async function runClient(sql: Sql, client: number, begun: number): Promise<void> {
  const kind = client % 2 === 0 ? 'elsewhere' : 'sameTable';
  for (const at of dueTimes(phases, client, clients)) {
    const due = begun + at;
    const early = due - performance.now();
    if (early > 0) await sleep(early, undefined, { signal: stop.signal }).catch(() => {});
    if (due > stoppedAt) return;
    // Timers are off by a millisecond, three times as much as a transaction takes.
    const from = early > 0 ? performance.now() : due;
    if (kind === 'elsewhere') await elsewhere(sql);
    else await sameTable(sql);
    samples[kind].push({ at, ms: performance.now() - from });
  }
}

async function elsewhere(sql: Sql): Promise<void> {
  const account = 1 + Math.floor(Math.random() * 100_000);
  await sql.begin(async (tx) => {
    await tx`update accounts set balance = balance + 1 where id = ${account}`;
    await tx`select balance from accounts where id = ${account}`;
    await tx`insert into history (account) values (${account})`;
  });
}

async function sameTable(sql: Sql): Promise<void> {
  const id = 3 * (1 + Math.floor(Math.random() * rows));
  await sql`update users set email = email where id = ${id}`;
}
