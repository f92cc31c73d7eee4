import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Contestant, inBatches, oneUpdate } from './contestants';
import { count, quantile, spread, type Table } from './figures';
import type { Latencies, LoadInput } from './foregroundLoad';
import type { Bench } from './server';
import { makeUsers, renewUsers } from './users';

/** As long as a backfill of a million rows at the defaults. */
const alone: Contestant = () => sleep(8_000);

const beside: Readonly<Record<string, Contestant>> = {
  alone,
  'beside one UPDATE': oneUpdate,
  'beside `inBatches` at defaults': inBatches({}),
  'beside `inBatches`, 2 lanes': inBatches({ lanes: 2 }),
  'beside `inBatches`, `throttle: false`': inBatches({ throttle: false }),
};

type Kind = keyof Latencies;

/** What an application in use sees of a backfill, over the whole of it. */
export async function foreground(bench: Bench, rows: number, rounds: number): Promise<Table> {
  await makeUsers(bench.sql, rows);
  await bench.sql.unsafe(`
    drop table if exists accounts, history;
    create table accounts (id integer primary key, balance integer not null default 0);
    insert into accounts select generate_series(1, 100000);
    create table history (account integer not null)`);
  const measured = new Map(Object.keys(beside).map((name) => [name, [] as Latencies[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, backfill] of Object.entries(beside)) {
      measured.get(name)?.push(await loaded(bench, rows, backfill));
      console.log(`  round ${round + 1}, ${name}`);
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
  measured: ReadonlyMap<string, readonly Latencies[]>,
): Table {
  const base = measured.get('alone') ?? [];
  const row = (name: string, all: readonly Latencies[], kind: Kind) => {
    const at = (each: Latencies | undefined, part: number) => quantile(each?.[kind] ?? [], part);
    const ratio = (part: number) =>
      spread(all.map((each, round) => at(each, part) / at(base[round], part)));
    const of = (part: number) =>
      spread(
        all.map((each) => at(each, part)),
        1,
      );
    return [`${name}, ${LABELS[kind]}`, of(0.5), ratio(0.5), of(0.99), ratio(0.99)];
  };
  return {
    title: 'The application beside a backfill',
    text:
      `Four connections, 200 transactions a second in all: half of them TPC-B's kind on tables of ` +
      `their own, half updating a row of the very table that is walked (${count(rows)} rows). ` +
      `Milliseconds from when a transaction was due, over the whole backfill; ${rounds} rounds, ` +
      'median (min–max); ratios to the same round alone.',
    head: ['', 'p50 ms', 'to alone', 'p99 ms', 'to alone'],
    rows: (['elsewhere', 'sameTable'] as const).flatMap((kind) =>
      [...measured].map(([name, all]) => row(name, all, kind)),
    ),
  };
}

const LABELS: Readonly<Record<Kind, string>> = {
  elsewhere: 'other tables',
  sameTable: 'same table',
};
