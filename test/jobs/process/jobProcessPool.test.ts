import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import type { StartedJob } from '../../../jobs/process/jobProcess';
import { JobProcessPool, SPARES_AT_MOST } from '../../../jobs/process/jobProcessPool';
import type { FromJobProcess } from '../../../jobs/process/messages';
import { createJobsFolder } from '../../support/jobsFolder';
import { isRunning, jobProcessesOf } from '../../support/processes';
import { waitFor } from '../../support/waitFor';

const jobs = createJobsFolder();
const JAVASCRIPT = jobs.writeJob('0001_job', 'exports.run = async () => {};');
const MEMORY_MB = 128;
/** Longer than a test takes. Milliseconds. */
const LONG = 600_000;

let pool: JobProcessPool;

afterAll(() => jobs.remove());
afterEach(async () => {
  pool.close();
  await running(0);
});

const create = (atOnce: number, expectedFor = LONG): JobProcessPool => {
  pool = new JobProcessPool(MEMORY_MB, atOnce, 'stderr', expectedFor);
  return pool;
};

const running = (count: number) =>
  waitFor(`${count} job processes`, () => jobProcessesOf(process.pid).length === count);

const start = (file = JAVASCRIPT): StartedJob =>
  pool.start({ task: 'inspect', file, errorDetail: 'safe' }, MEMORY_MB);

const answerOf = (jobProcess: StartedJob): Promise<FromJobProcess> =>
  new Promise((resolve) => jobProcess.onMessage(resolve));

test('one spare job process is kept while a slot is free, and none while none is', async () => {
  create(1);
  await running(1);
  const [spare] = jobProcessesOf(process.pid);

  const first = start();

  expect(await answerOf(first)).toMatchObject({ type: 'facts' });
  expect(jobProcessesOf(process.pid)).toEqual([spare]);
  await first.end();
  await running(1);
  expect(jobProcessesOf(process.pid)).not.toContain(spare);
});

test('while many migrations wait there are more, but never more than the most, also without a slot', async () => {
  create(1);

  pool.expect(new Map([[JAVASCRIPT, 1000]]));

  await running(SPARES_AT_MOST);
  for (let attempt = 1; attempt <= SPARES_AT_MOST + 1; attempt++) {
    const jobProcess = start();
    expect(await answerOf(jobProcess)).toMatchObject({ type: 'facts' });
    await running(1 + SPARES_AT_MOST);
    await jobProcess.end();
  }
});

test('the last of them are not replaced', async () => {
  create(1);
  pool.expect(new Map([[JAVASCRIPT, 2]]));
  await running(2);

  const first = start();
  await answerOf(first);
  await running(2);
  await first.end();
  const second = start();
  await answerOf(second);

  await running(1);
  await second.end();
});

test('where no attempt begins for a while, only the one for a free slot is left', async () => {
  create(2, 1_500);

  pool.expect(new Map([[JAVASCRIPT, 1000]]));

  await running(SPARES_AT_MOST);
  await running(1);
});

test('a spare job process that has ended is not used', async () => {
  create(1);
  await running(1);
  process.kill(Number(jobProcessesOf(process.pid)[0]), 'SIGKILL');

  const answer = await waitFor('a job process that answers', async () => {
    const jobProcess = start();
    const crashed = jobProcess.ended.then(() => undefined);
    const first = await Promise.race([answerOf(jobProcess), crashed]);
    await jobProcess.end();
    return first;
  });

  expect(answer).toMatchObject({ type: 'facts' });
});

test('after close() none is started any more, whatever is expected and ends', async () => {
  create(2);
  pool.expect(new Map([[JAVASCRIPT, 1000]]));
  const jobProcess = start();
  await answerOf(jobProcess);

  pool.close();
  pool.expect(new Map([[JAVASCRIPT, 1000]]));

  await running(1);
  await jobProcess.end();
  await running(0);
});

test('a spare job process that is prepared for TypeScript loads it, and JavaScript as well', async () => {
  const typescript = path.join(jobs.path, '0002_typed.ts');
  writeFileSync(
    typescript,
    'export const run = async (): Promise<void> => {};\nexport const dependsOn: string[] = ["0001_job"];',
  );
  create(1);
  pool.expect(new Map([[typescript, 2]]));

  for (const [file, dependsOn] of [
    [typescript, [{ name: '0001_job', or: [] }]],
    [JAVASCRIPT, []],
  ] as const) {
    const jobProcess = start(file);
    expect(await answerOf(jobProcess)).toMatchObject({ type: 'facts', facts: { dependsOn } });
    await jobProcess.end();
  }
});

test('a JavaScript job meets no TypeScript compiler of a spare job process', async () => {
  const [typescript, helper] = ['0003_typed.ts', 'helper.ts'].map((name) =>
    path.join(jobs.path, name),
  ) as [string, string];
  writeFileSync(typescript, 'export const run = async (): Promise<void> => {};');
  writeFileSync(helper, 'export const text: string = "";');
  const requires = jobs.writeJob(
    '0004_requires',
    "require('./helper'); exports.run = async () => {};",
  );
  create(1);
  pool.expect(new Map([[typescript, 1]]));
  await running(1);
  const [spare = Number.NaN] = jobProcessesOf(process.pid);

  const jobProcess = start(requires);

  expect(await answerOf(jobProcess)).toMatchObject({ type: 'failed', during: 'load' });
  await waitFor('the spare job process to end', () => !isRunning(spare));
  await jobProcess.end();
  // In its place comes one for jobs of this kind.
  const [next] = await waitFor('the next spare job process', () => {
    const found = jobProcessesOf(process.pid);
    return found.length === 1 && found;
  });
  const another = start();
  expect(await answerOf(another)).toMatchObject({ type: 'facts' });
  expect(jobProcessesOf(process.pid)).toContain(next);
  await another.end();
});

test('a job process that is killed with unread messages has ended, and nothing is thrown', async () => {
  create(1);
  // Which of the two ends is seen first is a matter of chance.
  for (let round = 1; round <= 5; round++) {
    const jobProcess = start();
    await answerOf(jobProcess);
    const [pid = Number.NaN] = jobProcessesOf(process.pid);
    process.kill(pid, 'SIGSTOP');
    jobProcess.send({ type: 'alive' });
    const end = jobProcess.end();
    // Without an await: so the end of the process and that of its channel are read together.
    while (isRunning(pid));

    expect(await end).toBe(true);

    await expect(jobProcess.ended).resolves.toMatchObject({ signal: 'SIGKILL' });
  }
});
