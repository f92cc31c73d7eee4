import type { WorkflowHandle } from '@temporalio/client';
import type { JobsFolder } from '../../support/jobsFolder';
import type { Site } from '../../support/site';
import { waitFor } from '../../support/waitFor';

export interface Stage extends Site {
  readonly jobs: JobsFolder;
}

interface Recorded {
  readonly workflowId: string;
  readonly runId?: string;
}

/** What can happen to a run and a tick. Each returns the workflows whose histories are to be saved. */
export const SCENARIOS: Readonly<Record<string, (stage: Stage) => Promise<Recorded[]>>> = {
  empty: (stage) => runToEnd(stage),
  completed: async (stage) => {
    await register(stage, { '0001_quick': QUICK, '0002_quick': QUICK, '0003_quick': QUICK });
    return runToEnd(stage);
  },
  failed: async (stage) => {
    await register(stage, { '0001_fails': FAILS, '0002_quick': QUICK });
    return runToEnd(stage);
  },
  retried: async (stage) => {
    await register(stage, { '0001_retried': FAILS_TWICE });
    return runToEnd(stage);
  },
  withoutCode: async (stage) => {
    await register(stage, { '0001_quick': QUICK });
    await insert(stage, '0002_without_code');
    return runToEnd(stage);
  },
  paused: (stage) => stopped(stage, 'pause'),
  cancelled: (stage) => stopped(stage, 'cancel'),
  cancelledInTemporal: async (stage) => {
    await register(stage, { '0001_waits': UNTIL_GATE });
    const run = await start(stage);
    await underWay(stage, '0001_waits');
    await run.cancel();
    return ended(run);
  },
  reverted: async (stage) => {
    await register(stage, { '0001_reverts': `${QUICK} exports.revert = async () => {};` });
    const forward = await runToEnd(stage);
    await stage.succeeds(jobsOf(stage), 'revert', '0001_reverts', '--yes', '--no-run');
    return [...forward, ...(await runToEnd(stage))];
  },
  finalized: async (stage) => {
    await register(stage, { '0001_waits': UNTIL_GATE, '0002_waits': UNTIL_GATE });
    const run = await start(stage);
    await underWay(stage, '0001_waits');
    // Its attempt ends, and another one without throttling begins.
    const done = stage.succeeds(jobsOf(stage), 'finalize', '0001_waits');
    await attemptUnderWay(stage, '0001_waits', 2);
    await openGate(stage);
    await done;
    return ended(run);
  },
  ignoredInputs: async (stage) => {
    await register(stage, { '0001_waits': UNTIL_GATE });
    const run = await start(stage);
    await underWay(stage, '0001_waits');
    await run.signal('finalizeMigrations', ['../x']);
    await run.signal('nobodyKnowsThis', 1);
    await openGate(stage);
    return ended(run);
  },
  continuedAsNew: async (stage) => {
    await register(stage, { '0001_quick': QUICK, '0002_waits': UNTIL_GATE });
    const first = await start(stage);
    await underWay(stage, '0002_waits');
    const run = stage.client.workflow.getHandle(RUN);
    for (let sent = 0; sent < 80; sent++) await run.signal('statusChanged');
    const next = await waitFor('the run to continue as new', async () => {
      const { runId } = await run.describe();
      return runId !== first.firstExecutionRunId && runId;
    });
    await openGate(stage);
    await run.result();
    return [
      { workflowId: RUN, runId: first.firstExecutionRunId },
      { workflowId: RUN, runId: next },
    ];
  },
  tick: async (stage) => {
    await register(stage, { '0001_waits': UNTIL_GATE });
    await tick(stage, 'tick-1');
    await underWay(stage, '0001_waits');
    await tick(stage, 'tick-2');
    await openGate(stage);
    await ended(stage.client.workflow.getHandle(RUN));
    return [{ workflowId: 'tick-1' }, { workflowId: 'tick-2' }, { workflowId: RUN }];
  },
};

const RUN = 'long-running-migrations';

const QUICK = 'exports.run = async () => {};';
const FAILS = "exports.run = async () => { throw new TypeError('always'); };";
const FAILS_TWICE =
  "exports.run = async (job) => { if (job.attempt < 3) throw new Error('not yet'); };";
/** Keeps something, so that an interrupted attempt goes on. */
const UNTIL_GATE = `exports.run = async (job) => {
  await job.saveCheckpoint(1);
  while ((await job.sql\`select from gate\`).length === 0) {
    job.signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};`;

async function register(stage: Stage, sources: Record<string, string>): Promise<void> {
  for (const [name, source] of Object.entries(sources)) {
    stage.jobs.writeJob(name, source);
    await insert(stage, name);
  }
}

const insert = ({ sql }: Stage, name: string) =>
  sql`insert into long_running_migrations.migrations (name) values (${name})`;

const openGate = ({ sql }: Stage) => sql`insert into gate default values`;

const jobsOf = ({ jobs }: Stage): NodeJS.ProcessEnv => ({ LRM_JOBS_DIR: jobs.path });

const start = ({ client }: Stage) =>
  client.workflow.start('executeLongRunningMigrations', { workflowId: RUN, taskQueue: RUN });

const tick = ({ client }: Stage, workflowId: string) =>
  client.workflow.execute('tickLongRunningMigrations', { workflowId, taskQueue: RUN });

async function runToEnd(stage: Stage): Promise<Recorded[]> {
  return ended(await start(stage));
}

/** Waits for the end, whatever it is. */
async function ended(run: WorkflowHandle): Promise<Recorded[]> {
  await run.result().catch(() => {});
  const { workflowId, runId } = await run.describe();
  return [{ workflowId, runId }];
}

async function stopped(stage: Stage, command: string): Promise<Recorded[]> {
  await register(stage, { '0001_waits': UNTIL_GATE });
  const run = await start(stage);
  await underWay(stage, '0001_waits');
  await stage.succeeds(jobsOf(stage), command, '0001_waits');
  return ended(run);
}

const underWay = (stage: Stage, name: string) => attemptUnderWay(stage, name, 1);

function attemptUnderWay({ sql }: Stage, name: string, attempt: number): Promise<unknown> {
  return waitFor(`attempt ${attempt} of ${name} to be under way`, async () => {
    const [row] = await sql`
      select from long_running_migrations.attempts join long_running_migrations.migrations m
        on current_attempt = attempts.id
      where m.name = ${name} and number = ${attempt} and checkpoint is not null and ended_at is null`;
    return row;
  });
}
