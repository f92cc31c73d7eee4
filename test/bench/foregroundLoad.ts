import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { connect, type Sql } from '../../drizzle/connect';

/** The input of the thread that makes the load. */
export interface LoadInput {
  readonly databaseUrl: string;
  /** Rows of `users`, whose ids are multiples of three. */
  readonly rows: number;
}

/** Milliseconds of each transaction. A late one counts from when it was due. */
export interface Latencies {
  /** Transactions like TPC-B on other tables. */
  readonly elsewhere: number[];
  /** Updates of one row of the table that is walked. */
  readonly sameTable: number[];
}

/** Far below what two cores can do, like an application in normal use. */
const CLIENTS = 4;
const EVERY_MS = 20;

const { databaseUrl, rows } = workerData as LoadInput;
const latencies: Latencies = { elsewhere: [], sameTable: [] };
let stopped = false;

parentPort?.once('message', () => {
  stopped = true;
});
void run();

async function run(): Promise<void> {
  const sql = connect(databaseUrl, { applicationName: 'foreground', max: CLIENTS });
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => runClient(sql, client)));
  await sql.end();
  parentPort?.postMessage(latencies);
}

/** Runs one transaction every EVERY_MS. A late one does not delay the next one. */
async function runClient(sql: Sql, client: number): Promise<void> {
  const kind = client % 2 === 0 ? 'elsewhere' : 'sameTable';
  let due = performance.now() + (client * EVERY_MS) / CLIENTS;
  while (!stopped) {
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    // Timers are off by a millisecond, three times as much as a transaction takes.
    const begun = early > 0 ? performance.now() : due;
    if (kind === 'elsewhere') await elsewhere(sql);
    else await sameTable(sql);
    latencies[kind].push(performance.now() - begun);
    due += EVERY_MS;
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
