import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { fillEnvironment, readApplication } from '../../settings/application';
import { databaseSetting, isDatabaseName, isDatabaseSetting } from '../../settings/databases';
import { isJobName, isTarget, nameOf, TARGET_RULE } from '../../settings/migrationName';
import { requireKnown } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';
import type { TestInput, TestMessage } from './messages';

// The process of runJob() (../testing.ts).

/** Short, so that a test need not wait. */
const WAITS = { LRM_RETRY_INITIAL_INTERVAL: '10 ms', LRM_RETRY_MAXIMUM_INTERVAL: '100 ms' };

const stop = new AbortController();
// The test has ended, or was killed.
process.once('disconnect', () => stop.abort(new Error('the test has ended')));

process.once('message', (input: TestInput) => {
  void run(input)
    .catch((error): TestMessage => ({ error: error instanceof Error ? error.message : 'unknown' }))
    .then((message) => {
      if (process.connected) process.send?.(message, () => process.exit(0));
      else process.exit(1);
    });
});

async function run(input: TestInput): Promise<TestMessage> {
  const { name, folder } = locate(input);
  requireKnown(input.settings);
  process.env['DATABASE_URL'] = input.databaseUrl;
  process.env['LRM_SCHEMA'] = `lrm_test_${randomBytes(6).toString('hex')}`;
  const own = { ...WAITS, ...input.settings, ...(folder ? { LRM_JOBS_DIR: folder } : {}) };
  for (const [key, value] of Object.entries(own)) process.env[key] = String(value);
  fillEnvironment(await readApplication(), process.env);
  onlyDatabases(input.databases);
  // Loaded only now: the schema that our tables are in is read when they are loaded.
  const { testJob } = await import('./testJob');
  return { result: await testJob(name, input, stop.signal) };
}

/**
 * Sets the further databases, and removes those of the application, which a test must not change.
 * @throws UsageError when one has no possible name
 */
function onlyDatabases(databases: TestInput['databases']): void {
  for (const name of Object.keys(process.env)) {
    if (isDatabaseSetting(name)) delete process.env[name];
    // There are no views in the schema of a test.
    if (name === 'LRM_JOB_DATABASE_URL') delete process.env[name];
  }
  for (const [name, url] of Object.entries(databases)) {
    if (!isDatabaseName(name)) {
      throw new UsageError(`databases: write '${name}' in a-z, 0-9 and _, as in { archive: url }`);
    }
    process.env[databaseSetting(name)] = url;
  }
}

/** @throws UsageError when it is neither a name nor the file of a job */
function locate({ job, jobs, target }: TestInput): { name: string; folder: string | undefined } {
  if (target !== undefined && !isTarget(target)) {
    throw new UsageError(`target: it has ${TARGET_RULE}`);
  }
  if (isJobName(job)) return { name: nameOf(job, target), folder: jobs };
  const { name, dir } = path.parse(path.resolve(job));
  if (isJobName(name)) return { name: nameOf(name, target), folder: dir };
  throw new UsageError(
    `${JSON.stringify(job)} is neither a job's name, as 0001_sample, nor its file`,
  );
}
