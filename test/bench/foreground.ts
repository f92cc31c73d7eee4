import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Contestant, inBatches, oneUpdate } from './contestants';
import { count, quantile, spread, type Table } from './figures';
import type { Latencies, LoadInput } from './foregroundLoad';
import type { Bench } from './server';
import { makeUsers, renewUsers } from './users';

/** Takes as long as a backfill of a million rows with the defaults. */
const alone: Contestant = () => sleep(8_000);

const beside: Readonly<Record<string, Contestant>> = {
  'one UPDATE': oneUpdate,
  '`inBatches` at defaults': inBatches({}),
  '`inBatches`, 2 lanes': inBatches({ lanes: 2 }),
  '`inBatches`, `throttle: false`': inBatches({ throttle: false }),
};

type Kind = keyof Latencies;

/** The load during a backfill, and without one just before. */
interface Pair {
  readonly alone: Latencies;
  readonly beside: Latencies;
}

/** Measures how a backfill slows down an application in use. */
export async function foreground(bench: Bench, rows: number, rounds: number): Promise<Table> {
  await makeUsers(bench.sql, rows);
  await bench.sql.unsafe(`
    drop table if exists accounts, history;
    create table accounts (id integer primary key, balance integer not null default 0);
    insert into accounts select generate_series(1, 100000);
    create table history (account integer not null)`);
  const measured = new Map(Object.keys(beside).map((name) => [name, [] as Pair[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, backfill] of Object.entries(beside)) {
      const pair = {
        alone: await loaded(bench, rows, alone),
        beside: await loaded(bench, rows, backfill),
      };
      measured.get(name)?.push(pair);
      console.log(`  round ${round + 1}, beside ${name}`);
    }
  }
  return report(rows, rounds, measured);
}

async function loaded(bench: Bench, rows: number, backfill: Contestant): Promise<Latencies> {
  await renewUsers(bench.sql);
  const workerData: LoadInput = { databaseUrl: bench.databaseUrl, rows };
  const load = new Worker(path.join(__dirname, 'foregroundLoad.js'), { workerData });
  await backfill(bench);
  const [answer] = await Promise.all([once(load, 'message'), load.postMessage('stop')]);
  return answer[0] as Latencies;
}

function report(
  rows: number,
  rounds: number,
  measured: ReadonlyMap<string, readonly Pair[]>,
): Table {
  const row = (name: string, pairs: readonly Pair[], kind: Kind) => {
    const of = (part: number, of: keyof Pair) =>
      spread(
        pairs.map((pair) => quantile(pair[of][kind], part)),
        1,
      );
    const ratio = (part: number) =>
      spread(
        pairs.map(
          ({ alone, beside }) => quantile(beside[kind], part) / quantile(alone[kind], part),
        ),
      );
    const cells = (part: number) => [of(part, 'alone'), of(part, 'beside'), ratio(part)];
    return [`${name}: ${LABELS[kind]}`, ...cells(0.5), ...cells(0.99)];
  };
  return {
    title: 'The application beside a backfill',
    text:
      'Four connections with 200 transactions per second in all. Half of them are like TPC-B on other ' +
      `tables, half update one row of the table that is walked (${count(rows)} rows). ` +
      'Milliseconds over the whole backfill, and over eight seconds without one just before; a late ' +
      `transaction counts from when it was due. ${rounds} rounds, median (min–max).`,
    head: ['', 'p50 alone', 'beside', 'ratio', 'p99 alone', 'beside', 'ratio'],
    rows: (['elsewhere', 'sameTable'] as const).flatMap((kind) =>
      [...measured].map(([name, pairs]) => row(name, pairs, kind)),
    ),
  };
}

const LABELS: Readonly<Record<Kind, string>> = {
  elsewhere: 'other tables',
  sameTable: 'same table',
};
