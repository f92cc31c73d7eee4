import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { closeDatabase, type DatabaseOptions, openDatabase, type TestDatabase } from './database';
import { cleanEnvironment } from './environment';
import { createJobsFolder, type JobsFolder } from './jobsFolder';
import { type CommandResult, runLrm } from './lrm';
import { testServers } from './testServers';
import { ready, spawnWorker, type TestWorker } from './workerProcess';

/** A test file's own database and Temporal namespace, and functions that run things on them. */
export interface TestServers extends TestDatabase {
  readonly temporalAddress: string;
  readonly namespace: string;
  /** Temporal client of that namespace. */
  readonly client: Client;
  /** The environment of the worker and `lrm`. `extra` adds settings. */
  env(extra?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
  /** Makes a folder of jobs, which is removed after the file. */
  jobsFolder(): JobsFolder;
  /** Starts a worker and waits until it polls. It is killed after the file if it still runs. */
  startWorker(options?: WorkerOptions): Promise<TestWorker>;
  /** Starts a worker that may fail to start. It is killed after the file if it still runs. */
  spawnWorker(options?: WorkerOptions): TestWorker;
  /** Runs `lrm <args>` and waits for its end. */
  lrm(...args: string[]): Promise<CommandResult>;
  /** The same for a command that must succeed. Otherwise it throws with the command's output. */
  succeeds(...args: string[]): Promise<CommandResult>;
}

export interface WorkerOptions {
  /** Additional settings. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: the project's own jobs. */
  readonly jobs?: JobsFolder;
  /** Path of an application that runs a worker. Default: the project's own worker. */
  readonly application?: string;
}

/**
 * Gives the test file a database, a namespace, workers and `lrm`. Call it at the top of the file.
 * Its fields are set in beforeAll. Everything that it started is ended after the file.
 */
export function useDevServers(options: DatabaseOptions = {}): TestServers {
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const atEnd: (() => unknown)[] = [];
  const servers = {} as TestServers;
  Object.assign(servers, runnable(servers, namespace, atEnd));
  beforeAll(async () => {
    atEnd.push(() => closeDatabase(servers));
    const connection = await Connection.connect({ address: servers.temporalAddress });
    atEnd.push(() => connection.close());
    await createNamespace(connection, namespace);
    const client = new Client({ connection, namespace });
    Object.assign(servers, { client, ...(await openDatabase(options)) });
  });
  afterAll(async () => {
    // In reverse order, so that workers end before the connections and folders that they use.
    for (const end of atEnd.reverse()) await end();
  });
  return servers;
}

type Runnable = Omit<TestServers, keyof TestDatabase | 'client'>;

function runnable(servers: TestDatabase, namespace: string, atEnd: (() => unknown)[]): Runnable {
  const { temporalAddress } = testServers();
  const env = (extra: NodeJS.ProcessEnv = {}) =>
    cleanEnvironment({
      DATABASE_URL: servers.databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: namespace,
      ...extra,
    });
  const workerEnv = ({ env: extra, jobs }: WorkerOptions) =>
    env({ ...(jobs ? { LRM_JOBS_DIR: jobs.path } : {}), ...extra });
  const spawned = (options: WorkerOptions) => {
    const worker = spawnWorker(workerEnv(options), options.application);
    atEnd.push(() => {
      worker.kill('SIGKILL');
      return worker.exited;
    });
    return worker;
  };
  return {
    temporalAddress,
    namespace,
    env,
    jobsFolder: () => {
      const folder = createJobsFolder();
      atEnd.push(() => folder.remove());
      return folder;
    },
    startWorker: async (options = {}) => ready(spawned(options)),
    spawnWorker: (options = {}) => spawned(options),
    lrm: (...args) => runLrm(env(), args),
    succeeds: async (...args) => {
      const result = await runLrm(env(), args);
      if (result.code === 0) return result;
      const printed = `${result.stdout}${result.stderr}`;
      throw new Error(`lrm ${args.join(' ')} ended with exit code ${result.code}:\n${printed}`);
    },
  };
}

/** The namespace can be used at once: the dev server does not cache the list of namespaces. */
const createNamespace = (connection: Connection, namespace: string) =>
  connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
