import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { connect, type Sql } from '../../drizzle/connect';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { startDevServers } from '../../worker/local/devServers';
import { cleanEnvironment } from './environment';
import { createJobsFolder, type JobsFolder } from './jobsFolder';
import { type CommandResult, runLrm } from './lrm';
import { ready, spawnWorker, type TestWorker } from './workerProcess';

/** A Postgres server of its own and a Temporal server, for commands that run outside of jest. */
export interface Site {
  readonly databaseUrl: string;
  readonly sql: Sql;
  readonly client: Client;
  env(extra?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
  jobsFolder(): JobsFolder;
  /** Starts a worker and waits until it polls. `script`: of another build; default: of this one. */
  startWorker(jobs: JobsFolder, env?: NodeJS.ProcessEnv, script?: string): Promise<TestWorker>;
  /** Runs a command that must succeed. Otherwise it throws with the command's output. */
  succeeds(env: NodeJS.ProcessEnv, ...args: string[]): Promise<CommandResult>;
  /** Ends everything that was started. */
  end(): Promise<void>;
}

/** Several workers start at once there, and machines are slow. Milliseconds. */
const READY_WITHIN = 180_000;

/**
 * Opens a site with our tables.
 * @param startTemporal gets the URL of the Postgres server; returns the address of a Temporal server,
 *   and what ends it
 */
export async function openSite(
  startTemporal: (databaseUrl: string) => Promise<{ address: string; stop(): Promise<unknown> }>,
): Promise<Site> {
  const atEnd: (() => unknown)[] = [];
  const end = async () => {
    for (const each of atEnd.splice(0).reverse()) await each();
  };
  try {
    const postgres = await startDevServers({
      folder: mkdtempSync(path.join(tmpdir(), 'lrm-site-')),
      temporary: true,
      fresh: false,
      postgres: { settings: { fsync: 'off', max_connections: '300' } },
      temporal: null,
    });
    atEnd.push(() => postgres.stop());
    const { databaseUrl = '' } = postgres.endpoints;
    await applyMigrations(databaseUrl, 'sql');
    const sql = connect(databaseUrl, { applicationName: 'test' });
    atEnd.push(() => sql.end({ timeout: 5 }));
    await sql`truncate long_running_migrations.migrations cascade`;
    const temporal = await startTemporal(databaseUrl);
    atEnd.push(() => temporal.stop());
    const connection = await Connection.connect({ address: temporal.address });
    atEnd.push(() => connection.close());
    const env = (extra: NodeJS.ProcessEnv = {}) =>
      cleanEnvironment({ DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: temporal.address, ...extra });
    return {
      databaseUrl,
      sql,
      client: new Client({ connection }),
      env,
      jobsFolder: () => {
        const folder = createJobsFolder();
        atEnd.push(() => folder.remove());
        return folder;
      },
      startWorker: async (jobs, extra = {}, script) => {
        const worker = spawnWorker(env({ LRM_JOBS_DIR: jobs.path, ...extra }), script);
        atEnd.push(() => {
          worker.kill('SIGKILL');
          return worker.exited;
        });
        return ready(worker, READY_WITHIN);
      },
      succeeds: async (extra, ...args) => {
        const result = await runLrm(env(extra), args);
        if (result.code === 0) return result;
        const printed = `${result.stdout}${result.stderr}`;
        throw new Error(`lrm ${args.join(' ')} ended with exit code ${result.code}:\n${printed}`);
      },
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
