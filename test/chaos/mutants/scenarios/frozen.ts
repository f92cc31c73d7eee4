import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../../../support/waitFor';
import { signalAll } from '../../faults/support/processes';
import type { Stage } from '../stage/stage';
import type { StagedWorker } from '../stage/stagedWorker';
import { walkOver, workOn } from '../stage/walkedTable';
import { NAME, type Scenario, takeOver } from './scenario';

/** A statement of the author's, outside of the fence, that runs in the server while its client is frozen. */
export const takeoverOfAStatement: Scenario = {
  name: 'takeover of a statement',
  fault: 'SIGSTOP of the worker and its job process during a statement of 10 s',
  async play(stage) {
    const table = await stage.createTable(200);
    const other = await stage.createTable(1);
    const older = await stage.startWorker();
    const before = `
      if (job.attempt === 1) await job.sql.unsafe(\`
        with waited as materialized (select pg_sleep(10))
        update ${other.name} set n = n + 1 from waited where id = 1\`);`;
    // The newer attempt has done its rows, and is at work when the statement would end.
    const source = walkOver(table, { before, after: 'await sleep(12_000);' });
    await stage.migrate(NAME, source, { end: 'completed', work: workOn(table) });
    await waitFor('the statement to run', async () => {
      const [row] = await stage.sql`
        select from pg_stat_activity
        where application_name like 'lrm:%' and query like '%pg_sleep(10)%' and state = 'active'`;
      return row;
    });
    await stage.startWorker();
    await frozen(stage, older, async () => {
      await stage.untilAttempt(NAME, 2);
      await stage.until(NAME, ['completed']);
    });
  },
};

/** A worker is frozen before its claim, and wakes when its successor is at work. */
export const lateClaim: Scenario = {
  name: 'late claim',
  fault: 'SIGSTOP of the worker before its claim; it wakes while another one runs the attempt',
  async play(stage) {
    const table = await stage.createTable(4_000);
    const late = await stage.startWorker();
    const beforeClaim = late.postgres.stopAt({ name: 'claim: lock', when: 'before' }, 60_000);
    const source = walkOver(table, { last: 'await sleep(20);' });
    await stage.migrate(NAME, source, { end: 'completed', work: workOn(table) });
    const held = await beforeClaim;
    await stage.startWorker();
    await frozen(stage, late, () => stage.untilAttempt(NAME, 1));
    held?.release();
    if (!held) throw new Error('no worker has claimed the migration');
    await stage.until(NAME, ['completed']);
  },
};

/** Within this time after a freeze, the job process has ended itself: its timeout and a margin. */
const JOB_ENDS_WITHIN = 9_000;

/** Only the worker is frozen. Its job works outside of the database, where no fence is. */
export const frozenWorker: Scenario = {
  name: 'frozen worker',
  fault: 'SIGSTOP of the worker, not of its job process, which works outside of the database',
  async play(stage) {
    const file = path.join(stage.folder, 'outside');
    const older = await stage.startWorker();
    const source = `
const { appendFileSync } = require('node:fs');
exports.run = async (job) => {
  while (job.attempt === 1) {
    appendFileSync(${JSON.stringify(file)}, Date.now() + '\\n');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};`;
    await stage.migrate(NAME, source, { end: 'completed' });
    await waitFor('the job to work', () => existsSync(file));
    await stage.startWorker();
    const from = Date.now();
    await frozenAlone(stage, older, async () => {
      await stage.until(NAME, ['completed']);
      await sleep(Math.max(0, from + JOB_ENDS_WITHIN + 1_000 - Date.now()));
    });
    const last = Number(readFileSync(file, 'utf8').trim().split('\n').at(-1));
    if (last > from + JOB_ENDS_WITHIN) {
      const seconds = Math.round((last - from) / 1_000);
      stage.found('job of a frozen worker', `it still works ${seconds} s after the freeze`);
    }
  },
};

/** Freezes a worker and its job processes, lets another one take over, and thaws them after `body`. */
const frozen = (stage: Stage, worker: StagedWorker, body: () => Promise<void>): Promise<void> =>
  stopped(stage, worker, worker.jobPids(), body);

/** The same, but only the worker is frozen. */
const frozenAlone = (
  stage: Stage,
  worker: StagedWorker,
  body: () => Promise<void>,
): Promise<void> => stopped(stage, worker, [], body);

async function stopped(
  stage: Stage,
  worker: StagedWorker,
  jobs: readonly number[],
  body: () => Promise<void>,
): Promise<void> {
  await stage.breaking('SIGSTOP of a worker', 'worker', worker, async () => {
    const send = (signal: NodeJS.Signals) => {
      worker.kill(signal);
      signalAll(jobs, signal);
    };
    send('SIGSTOP');
    try {
      await takeOver(stage, worker);
      await body();
    } finally {
      worker.temporal.mend();
      send('SIGCONT');
    }
  });
}
