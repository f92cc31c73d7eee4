import { fork } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type Sql } from '../drizzle/connect';
import { built } from '../settings/projectFolder';
import type { KillAfter, TestedJob, TestMessage } from './testing/messages';

export type { Sql } from '../drizzle/connect';
export type { KillAfter, TestedAttempt, TestedJob } from './testing/messages';

/**
 * Connects to a test database, to write a test's rows and to check them. End it with `sql.end()`.
 * @returns a postgres.js client: bigint and numeric arrive as text
 * @throws TypeError without a URL
 * @example
 * const sql = openTestDatabase(process.env['TEST_DATABASE_URL'] ?? '');
 * await sql`insert into users (id, email) values (1, 'A@B.example')`;
 */
export function openTestDatabase(databaseUrl: string): Sql {
  requireUrl('openTestDatabase', databaseUrl);
  return connect(databaseUrl, { applicationName: 'lrm test' });
}

function requireUrl(caller: string, databaseUrl: unknown): void {
  if (typeof databaseUrl === 'string' && databaseUrl !== '') return;
  throw new TypeError(
    `${caller}: databaseUrl is missing: set it to 'postgres://…', as of TEST_DATABASE_URL`,
  );
}

/** How {@link runJob} runs a job. */
export interface RunJobOptions {
  /** The application's test database, with the tables that the job uses. */
  readonly databaseUrl: string;
  /**
   * Further test databases by name, for a job that uses them: `{ archive: 'postgres://…' }`. Our
   * tables are created in each, and dropped afterwards. Settings LRM_DATABASE_<NAME>_URL of the
   * environment are not taken: a test must not reach the application's own. Default: none.
   */
  readonly databases?: Readonly<Record<string, string>> | undefined;
  /**
   * Kills the job's process with SIGKILL once, in the middle: after so many batches (or saved
   * checkpoints), rows or milliseconds of run(). The next attempt goes on. Default: not killed.
   */
  readonly killAfter?: KillAfter | undefined;
  /** The folder of the jobs, for a job that is given by its name. Default: as `lrm` finds it. */
  readonly jobs?: string | undefined;
  /**
   * Settings, as in `lrm.config.ts`. Default: those of the application, with waits of 10 to 100 ms
   * between attempts.
   */
  readonly settings?: Readonly<Record<`LRM_${string}`, string | number>> | undefined;
  /** What the job gets as `job.input`; anything that JSON can hold. Default: none. */
  readonly input?: unknown;
  /** What the job gets as `job.target`: 'tenant_7'. Default: none. */
  readonly target?: string | undefined;
  /** After so many attempts a job that is neither completed nor failed is left. Default 20. */
  readonly maxAttempts?: number | undefined;
}

/**
 * Runs the attempts of one job on a test database, as a worker does and in the same kind of process,
 * but without Temporal. Our tables are created for it in a schema of their own,
 * `lrm_test_<random>`, which is dropped afterwards. Its `dependsOn` and `ready()` are not looked at,
 * its `verify()` is called.
 *
 * @param job the job's name, or its file: a path or a file URL. Not the job itself, which can't be
 *   given to another process.
 * @returns how it ended. A job that fails is a result, too, and does not throw.
 * @throws Error for wrong options, a database that does not answer, and when `killAfter` came too
 *   late: the job had ended before
 * @example
 * import { runJob } from 'long-running-migrations/testing';
 *
 * test('0003_backfill_email_lower resumes', async () => {
 *   await db.insert(users).values([{ id: 1n, email: 'A@B.example' }]);
 *   const { status } = await runJob('0003_backfill_email_lower', { databaseUrl });
 *   expect(status).toBe('completed');
 * });
 */
export async function runJob(job: string | URL, options: RunJobOptions): Promise<TestedJob> {
  const given = job instanceof URL ? fileURLToPath(job) : job;
  if (typeof given !== 'string') {
    throw new TypeError(
      "runJob: give the job's name or file, as in runJob('0001_sample', …): the job itself can't be given to its process",
    );
  }
  requireUrl('runJob', options?.databaseUrl);
  const { databaseUrl, databases = {}, killAfter, jobs, settings = {}, target } = options;
  const { maxAttempts = 20 } = options;
  const input = jsonOf(options.input);
  // A process of its own, whatever runs the test: it chooses the schema before anything is loaded,
  // and leaves nothing behind in this one.
  const child = fork(built('testProcess.js'), [], { execArgv: [], env: process.env });
  const outcome = new Promise<TestedJob>((resolve, reject) => {
    child.on('message', (message: TestMessage) => {
      if ('error' in message) reject(new Error(`runJob: ${message.error}`));
      else resolve(message.result);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`runJob: its process ended (${signal ?? `code ${code}`})`)),
    );
  });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const folder = jobs === undefined ? undefined : path.resolve(jobs);
  const sent = { databaseUrl, databases, killAfter, jobs: folder, settings, maxAttempts };
  child.send({ job: given, ...sent, target, input });
  try {
    return await outcome;
  } finally {
    await gone;
  }
}

/** @throws TypeError when it can't be an input: the job would get something else */
function jsonOf(input: unknown): string | undefined {
  if (input === undefined) return undefined;
  const problem = 'runJob: input: is not JSON (a bigint, a circle, a function?)';
  let text: string | undefined;
  try {
    text = JSON.stringify(input);
  } catch {
    throw new TypeError(problem);
  }
  if (text === undefined) throw new TypeError(problem);
  return text;
}
