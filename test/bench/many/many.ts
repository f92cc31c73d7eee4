import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { createJobsFolder, type JobsFolder } from '../../support/jobsFolder';
import { count, type Table } from '../figures';
import type { Bench } from '../server';
import { RUN, registerAnew, startRun, startWorker } from '../workers';
import { emptyActivities } from './empty';
import { type ProcessTimes, processTimes } from './processTimes';

const AT_ONCE = 4;
/** The first ones meet an empty code store and a worker that compiles. */
const WARM_UP = 100;
const LOOK_EVERY_MS = 100;

const JOB = `exports.run = async (job) => {
  await job.sql\`insert into ran (name) values (\${job.name})\`;
};`;

/** What is pending: registered names, and the files behind them. */
const WAYS: Readonly<Record<string, (pending: number, jobs: JobsFolder) => string[]>> = {
  'targets of one file': (pending, jobs) => {
    jobs.writeJob('0001_nothing', JOB);
    return numbers(pending).map((number) => `0001_nothing:t${number}`);
  },
  'a file each': (pending, jobs) =>
    numbers(pending).map((number) => {
      const name = `${String(number % 10_000).padStart(4, '0')}_nothing_${number}`;
      // Another content: otherwise it would be inspected only once.
      jobs.writeJob(name, `// ${number}\n${JOB}`);
      return name;
    }),
};

const numbers = (upto: number) => Array.from({ length: upto }, (_, index) => index + 1);

/** Many migrations wait. What does each of them cost beyond what Temporal takes for an empty activity? */
export async function many(bench: Bench, pending: number, measured: number): Promise<Table> {
  const temporal = await emptyActivities(bench, { warmUp: WARM_UP, measured, atOnce: AT_ONCE });
  console.log(`  empty activities: ${temporal.toFixed(1)} ms each`);
  const rows: string[][] = [];
  for (const [way, write] of Object.entries(WAYS)) {
    const { each, times } = await measure(bench, (jobs) => write(pending, jobs), measured);
    const of = (name: keyof ProcessTimes) => (times[name] / measured).toFixed(0);
    const parts = [of('worker'), of('jobs'), of('postgres'), of('temporal')];
    rows.push([way, each.toFixed(0), (each - temporal).toFixed(0), ...parts]);
    console.log(`  ${rows.at(-1)?.join(', ')}`);
  }
  return {
    title: 'Many that wait',
    text:
      `${count(pending)} migrations that insert one row each, ${AT_ONCE} at a time; milliseconds from ` +
      `one end to the next over ${measured} of them. Ours is what remains beyond empty activities ` +
      `at the same concurrency (${temporal.toFixed(0)} ms each). Then the processor time of each, ` +
      'in milliseconds, by process.',
    head: ['', 'each', 'of ours', 'worker', 'job', 'Postgres', 'Temporal'],
    rows,
  };
}

async function measure(
  bench: Bench,
  write: (jobs: JobsFolder) => string[],
  measured: number,
): Promise<{ each: number; times: ProcessTimes }> {
  const jobs = createJobsFolder();
  try {
    await bench.sql.unsafe('drop table if exists ran; create table ran (name text primary key)');
    await registerAnew(bench, ...write(jobs));
    const worker = await startWorker(bench, jobs.path, { LRM_MAX_CONCURRENT: String(AT_ONCE) });
    const ended = await startRun(bench);
    // It is terminated when enough is measured.
    const over = ended().catch(() => {});
    const times = () => processTimes(worker.pid, bench.serversPid);
    const from = await untilEnded(bench, WARM_UP);
    const before = times();
    const upto = await untilEnded(bench, WARM_UP + measured);
    const after = times();
    await terminateRun(bench);
    await over;
    await worker.stop();
    const used = (name: keyof ProcessTimes) =>
      ((after[name] - before[name]) * measured) / (upto.ended - from.ended);
    return {
      each: (upto.at - from.at) / (upto.ended - from.ended),
      times: {
        worker: used('worker'),
        jobs: used('jobs'),
        postgres: used('postgres'),
        temporal: used('temporal'),
      },
    };
  } finally {
    jobs.remove();
  }
}

/** Waits until at least so many attempts have ended. */
async function untilEnded({ sql }: Bench, wanted: number): Promise<{ at: number; ended: number }> {
  for (;;) {
    const at = performance.now();
    const [row] = await sql<{ ended: number }[]>`
      select count(*)::int as ended from ran`;
    const ended = row?.ended ?? 0;
    if (ended >= wanted) return { at, ended };
    await sleep(LOOK_EVERY_MS);
  }
}

async function terminateRun(bench: Bench): Promise<void> {
  const connection = await Connection.connect({ address: bench.temporalAddress ?? '' });
  await new Client({ connection }).workflow.getHandle(RUN).terminate();
  await connection.close();
}
