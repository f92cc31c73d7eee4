import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../support/waitFor';
import type { TestWorker } from '../support/workerProcess';
import { spread, type Table } from './figures';
import type { Bench } from './server';
import { compiledJobs, registerAnew, startRun, startWorker } from './workers';

const ROWS = 60_000;
const NAME = '0001_ledger';

/** Kills the worker that runs the attempt, while another worker is ready. */
export async function kill(bench: Bench, rounds: number): Promise<Table> {
  const pauses: number[] = [];
  let redone = 0;
  for (let round = 0; round < rounds; round++) {
    await reset(bench);
    const workers = [
      await startWorker(bench, compiledJobs),
      await startWorker(bench, compiledJobs),
    ];
    const ended = await startRun(bench);
    pauses.push(await killAndWait(bench, workers));
    await ended();
    const [wrong] = await bench.sql`select count(*)::int as rows from ledger where touched <> 1`;
    redone += Number(wrong?.['rows']);
    await Promise.all(workers.map((worker) => worker.stop()));
    console.log(
      `  round ${round + 1}: continued after ${pauses.at(-1)?.toFixed(1)} s, ${redone} rows redone`,
    );
  }
  return {
    title: 'SIGKILL of the working worker',
    text:
      `${ROWS} rows in batches of 200, two lanes, a second worker ready, the default heartbeat ` +
      `timeout of 30 seconds; ${rounds} rounds. For comparison, with their defaults: the Celery ` +
      'original continued after 1,114 s, pg-boss after 902 s, graphile-worker after 4 h.',
    head: ['', ''],
    rows: [
      ['seconds from the kill to the next committed batch', spread(pauses, 1)],
      ['rows redone', String(redone)],
    ],
  };
}

async function reset(bench: Bench): Promise<void> {
  await bench.sql.unsafe(`
    drop table if exists ledger;
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, ${ROWS})`);
  await registerAnew(bench, NAME);
}

/** Kills the worker at a random moment. Returns the seconds until the next commit. */
async function killAndWait(bench: Bench, workers: readonly TestWorker[]): Promise<number> {
  await waitFor('the job to be at work', async () => (await touched(bench)) > 0);
  await sleep(Math.random() * 1_000);
  const [attempt] = await bench.sql`
    select worker from long_running_migrations.attempts order by id desc limit 1`;
  const working = workers.find(({ pid }) => String(attempt?.['worker']).startsWith(`${pid}@`));
  if (!working) throw new Error('the attempt names none of the workers');
  working.kill('SIGKILL');
  const killed = performance.now();
  await working.exited;
  // The old sessions end by themselves. Their last commits must not count as the next attempt's.
  await sleep(2_500);
  const before = await touched(bench);
  await waitFor('the next attempt to commit', async () => (await touched(bench)) > before, 120_000);
  return (performance.now() - killed) / 1_000;
}

async function touched({ sql }: Bench): Promise<number> {
  const [row] = await sql`select count(*)::int as rows from ledger where touched > 0`;
  return Number(row?.['rows']);
}
