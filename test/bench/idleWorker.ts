import { setTimeout as sleep } from 'node:timers/promises';
import { createJobsFolder } from '../support/jobsFolder';
import { spread, type Table } from './figures';
import { processTimes } from './many/processTimes';
import { memoryOf } from './memory';
import type { Bench } from './server';
import { registerAnew, startWorker } from './workers';

/** What a worker does once after its start is over by then. Seconds. */
const SETTLED_AFTER = 15;
/** Longer than the longest interval at which it does something. Seconds. */
const SECONDS = 60;

/** What a worker takes when nothing is pending. */
export async function idleWorker(bench: Bench, rounds: number): Promise<Table> {
  const jobs = createJobsFolder();
  jobs.writeJob('0001_done', 'exports.run = async () => {};');
  await registerAnew(bench, '0001_done');
  await bench.sql`update long_running_migrations.migrations set status = 'completed'`;
  const measured: { cpu: number[]; own: number[]; spare: number[] } = {
    cpu: [],
    own: [],
    spare: [],
  };
  try {
    for (let round = 0; round < rounds; round++) {
      const worker = await startWorker(bench, jobs.path);
      await sleep(SETTLED_AFTER * 1_000);
      const before = used(worker.pid, bench);
      await sleep(SECONDS * 1_000);
      measured.cpu.push((used(worker.pid, bench) - before) / (SECONDS * 10));
      const { own, children } = memoryOf(worker.pid);
      measured.own.push(own);
      measured.spare.push(children);
      await worker.stop();
    }
  } finally {
    jobs.remove();
  }
  return {
    title: 'A worker without work',
    text:
      `${rounds} rounds of ${SECONDS} seconds, from ${SETTLED_AFTER} seconds after the start; median ` +
      '(min–max). CPU is that of the worker with its spare job process. Memory in MiB, with all of ' +
      "Node and of Temporal's core; shared pages count once.",
    head: ['', ''],
    rows: [
      ['% of a core', spread(measured.cpu)],
      ['memory of the worker', spread(measured.own, 0)],
      ['memory of its spare job process', spread(measured.spare, 0)],
    ],
  };
}

function used(pid: number, { serversPid }: Bench): number {
  const { worker, jobs } = processTimes(pid, serversPid);
  return worker + jobs;
}
