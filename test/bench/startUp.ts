import { Client, Connection } from '@temporalio/client';
import { createJobsFolder } from '../support/jobsFolder';
import { spread, type Table } from './figures';
import type { Bench } from './server';
import { JOB, type Moments, PARTS, RAN, readHistory, readMoments } from './startUpParts';
import { RUN, registerAnew, startRun, startWorker } from './workers';

const MIGRATIONS = 100;

/** Measures the overhead of a migration: Temporal, the claim, the thread and the outcome. */
export async function startUp(bench: Bench): Promise<Table> {
  const jobs = createJobsFolder();
  const names = Array.from(
    { length: MIGRATIONS },
    (_, i) => `${String(i + 1).padStart(4, '0')}_nothing`,
  );
  for (const name of names) jobs.writeJob(name, JOB);
  await bench.sql.unsafe(RAN);
  await registerAnew(bench, ...names);
  const worker = await startWorker(bench, jobs.path);
  const ended = await startRun(bench);
  await ended();
  await worker.stop();
  jobs.remove();
  return report(bench);
}

async function report(bench: Bench): Promise<Table> {
  const connection = await Connection.connect({ address: bench.temporalAddress ?? '' });
  const history = await readHistory(new Client({ connection }), RUN);
  await connection.close();
  const moments = await readMoments(bench, history);
  const after = (from: keyof Moments, to: keyof Moments) =>
    ms(moments.map((each) => each[to] - each[from]));
  // Each migration is listed after the one before it has completed.
  const gaps = moments.slice(1).flatMap(({ scheduled }, at) => {
    const completed = moments[at]?.completed ?? Number.NaN;
    const listing = history.listings.find((each) => each.scheduled >= completed);
    return listing && listing.completed <= scheduled ? [{ completed, listing, scheduled }] : [];
  });
  return {
    title: 'Migrations that do almost nothing',
    text: `${MIGRATIONS} of them, one at a time; median (min–max) in milliseconds. The parts follow each other from one claim to the next.`,
    head: ['', 'ms'],
    rows: [
      ['from the claim to the first statement of `run()`', after('claimed', 'statement')],
      [
        'from one claim to the next',
        ms(moments.slice(1).map(({ claimed }, at) => claimed - (moments[at]?.claimed ?? 0))),
      ],
      ...PARTS.map(([what, from, to]) => [what, after(from, to)]),
      [
        'Temporal: from the activity to the next listing',
        ms(gaps.map(({ completed, listing }) => listing.scheduled - completed)),
      ],
      [
        'Temporal: from scheduling the listing to its start',
        ms(gaps.map(({ listing }) => listing.started - listing.scheduled)),
      ],
      ['list what is pending', ms(gaps.map(({ listing }) => listing.completed - listing.started))],
      [
        'Temporal: from the listing to the next activity',
        ms(gaps.map(({ listing, scheduled }) => scheduled - listing.completed)),
      ],
    ],
  };
}

const ms = (values: readonly number[]) => spread(values, 0);
