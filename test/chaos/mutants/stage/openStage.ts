import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { connect } from '../../../../drizzle/connect';
import { cleanEnvironment } from '../../../support/environment';
import { createJobsFolder } from '../../../support/jobsFolder';
import { runLrm } from '../../../support/lrm';
import { waitFor } from '../../../support/waitFor';
import type { CheckContext, Expected, Finding, KnownFault } from '../../checks/index';
import type { StageServers } from './servers';
import type { Stage } from './stage';
import { type StagedWorker, startStagedWorker } from './stagedWorker';
import { createWalkedTable, SECRET } from './walkedTable';

/** A stage, and what ends and judges the play. */
export interface OpenStage extends Stage {
  /** What the scenario has found itself. */
  readonly findings: readonly Finding[];
  /** Ends all workers, and gives what the checks need. */
  curtain(): Promise<CheckContext>;
  /** Ends and removes everything. */
  close(): Promise<void>;
}

const RUN = 'long-running-migrations';

/** A scenario that still waits then is stuck. Milliseconds. */
const COMES_WITHIN = 90_000;

/** A run that has nothing left to do. Milliseconds. */
const ENDS_WITHIN = 20_000;

/** Short, so that a play takes seconds. Not shorter: a busy machine is no dead worker. */
const SETTINGS = {
  LRM_HEARTBEAT_TIMEOUT: '5 seconds',
  LRM_RETRY_INITIAL_INTERVAL: '100 ms',
  LRM_STOP_GRACE: '1 second',
  LRM_MAX_CONCURRENT: '2',
};

/** @param script what runs a worker of the build that is tried */
export async function openStage(
  servers: StageServers,
  name: string,
  script: string,
): Promise<OpenStage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-stage-'));
  const temporary = path.join(folder, 'tmp');
  mkdirSync(temporary);
  const jobs = createJobsFolder();
  const url = await servers.createDatabase(name);
  const client = await servers.createNamespace(name);
  const sql = connect(url, { applicationName: 'test' });
  const workers: StagedWorker[] = [];
  const migrations: Expected[] = [];
  const faults: KnownFault[] = [];
  const findings: Finding[] = [];
  let tables = 0;

  const env = (postgres: string, temporal: string, extra: NodeJS.ProcessEnv = {}) =>
    cleanEnvironment({
      ...SETTINGS,
      DATABASE_URL: Object.assign(new URL(url), { host: postgres }).href,
      TEMPORAL_ADDRESS: temporal,
      TEMPORAL_NAMESPACE: name,
      LRM_JOBS_DIR: jobs.path,
      TMPDIR: temporary,
      ...extra,
    });
  const here = () => env(new URL(url).host, servers.temporalAddress);

  const run = async () => {
    await client.workflow.signalWithStart('executeLongRunningMigrations', {
      workflowId: RUN,
      taskQueue: RUN,
      signal: 'tick',
    });
  };

  return {
    sql,
    client,
    folder,
    findings,
    startWorker: async (extra) => {
      const worker = await startStagedWorker({
        number: workers.length + 1,
        postgres: new URL(url).host,
        temporal: servers.temporalAddress,
        folder,
        script,
        env: (postgres, temporal) => env(postgres, temporal, extra),
      });
      workers.push(worker);
      return worker;
    },
    createTable: (rows) => createWalkedTable(sql, `rows_${++tables}`, rows),
    migrate: async (migration, source, expected) => {
      jobs.writeJob(migration, source);
      migrations.push({ name: migration, ...expected });
      await sql`insert into long_running_migrations.migrations (name) values (${migration})`;
      await run();
    },
    run,
    lrm: (...args) => runLrm(here(), args),
    until: async (migration, statuses, deadline = COMES_WITHIN) => {
      await waitFor(
        `${migration} to be ${statuses.join(' or ')}`,
        async () => {
          const [row] = await sql`
            select from long_running_migrations.migrations
            where name = ${migration} and status::text = any(${[...statuses]})`;
          return row;
        },
        deadline,
      );
    },
    untilAttempt: async (migration, number) => {
      await waitFor(
        `attempt ${number} of ${migration}`,
        async () => {
          const [row] = await sql`
            select from long_running_migrations.migrations
            where name = ${migration} and attempts >= ${number}`;
          return row;
        },
        COMES_WITHIN,
      );
    },
    breaking: async (kind, part, worker, body) => {
      const from = Date.now();
      try {
        return await body();
      } finally {
        faults.push({ kind, part, worker: worker?.number, from, upto: Date.now() });
      }
    },
    found: (check, what) => findings.push({ check, what }),
    crashPostgres: async () => {
      await servers.crashPostgres();
      await waitFor('Postgres to be back', () => sql`select 1`.catch(() => false));
    },
    curtain: async () => {
      for (const worker of workers) worker.temporal.mend();
      // One that does not end is for the checks to find.
      await waitFor('the run to end', async () => !(await isRunning(client)), ENDS_WITHIN).catch(
        () => {},
      );
      await Promise.all(workers.map((worker) => worker.end()));
      return {
        sql,
        client,
        folder,
        migrations,
        faults,
        workers: workers.flatMap(({ lives }) => lives),
        memory: [],
        secret: SECRET,
        temporary,
      };
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.end()));
      await sql.end({ timeout: 5 });
      await client.connection.close();
      jobs.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isRunning(client: Client): Promise<boolean> {
  const { status } = await client.workflow.getHandle(RUN).describe();
  return status.name === 'RUNNING';
}
