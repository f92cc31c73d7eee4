import pino from 'pino';
import { runWithoutTemporal } from '../../activities/runWithoutTemporal';
import { connect } from '../../drizzle/connect';
import type { Database } from '../../drizzle/database';
import { explainPostgres } from '../../drizzle/explainPostgres';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { register } from '../../drizzle/rows/register';
import { readAttempts, readMigrations } from '../../drizzle/rows/status';
import { SCHEMA } from '../../drizzle/schema';
import { fileOf, readCatalog } from '../../jobs/catalog';
import { readSettings } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';
import { withDeps } from '../inline';
import { KillingJobProcesses } from './killingJobProcesses';
import type { TestedJob, TestInput } from './messages';

/** Runs a job's attempts, with our tables in a schema that is dropped afterwards. */
export async function testJob(
  name: string,
  { databaseUrl, killAfter, maxAttempts, input }: TestInput,
  signal: AbortSignal,
): Promise<TestedJob> {
  const settings = readSettings();
  const urls = [databaseUrl, ...Object.values(settings.databases)];
  const file = fileOf((await readCatalog(settings.LRM_JOBS_DIR)).files, name);
  if (!file) throw new UsageError(`there is no job ${name} in ${settings.LRM_JOBS_DIR}`);
  const log = pino({ base: null }, { write: showPrinted });
  try {
    for (const url of urls) await applyMigrations(url, 'sql');
    return await withDeps({ settings, log, concurrency: 1 }, async (deps) => {
      const killing = killAfter && new KillingJobProcesses(deps.jobProcesses, killAfter);
      await register(deps.db, [{ name, input }]);
      const enough = new AbortController();
      let attempts = 0;
      await runWithoutTemporal(
        { ...deps, jobProcesses: killing ?? deps.jobProcesses },
        name,
        file,
        {
          throttled: true,
          regardless: true,
          signal: AbortSignal.any([signal, enough.signal]),
          onRetry: () => {
            attempts += 1;
            if (attempts >= maxAttempts) enough.abort();
          },
        },
      ).catch(() => {});
      const result = await read(deps.db, settings.LRM_HEARTBEAT_TIMEOUT, name);
      if (killing && !killing.killed(result.attempts[0]?.outcome)) {
        throw new Error(
          `killAfter: the kill did not happen, because the job ended before (${result.status}, ${result.rows} rows); give it more data or a smaller killAfter`,
        );
      }
      return result;
    });
  } catch (error) {
    throw new Error(explainPostgres(error) ?? (error as Error).message);
  } finally {
    for (const url of urls) await dropSchema(url);
  }
}

/** Of the log, only what the job has printed: whoever looks for its fault wants to see that. */
function showPrinted(json: string): void {
  const { stream, msg } = JSON.parse(json) as { stream?: unknown; msg?: unknown };
  if (stream !== undefined) process.stderr.write(`${msg}\n`);
}

/** More attempts than any test has. */
const ATTEMPTS_AT_MOST = 1_000;

async function read(db: Database, heartbeatTimeout: number, name: string): Promise<TestedJob> {
  const [view] = await readMigrations(db, heartbeatTimeout, name);
  if (!view) throw new Error(`the row of ${name} is gone`);
  const attempts = await readAttempts(db, name, ATTEMPTS_AT_MOST);
  const { status, rowsDone, error } = view.migration;
  return {
    status,
    rows: rowsDone,
    attempts: attempts
      .reverse()
      .map(({ number, outcome, error, rowsDone }) => ({ number, outcome, error, rows: rowsDone })),
    error: status === 'completed' ? null : error,
  };
}

async function dropSchema(databaseUrl: string): Promise<void> {
  const sql = connect(databaseUrl, { max: 1, applicationName: 'lrm test' });
  try {
    await sql`drop schema if exists ${sql(SCHEMA)} cascade`;
  } catch {
    // The first error says more: the database does not answer.
  } finally {
    await sql.end({ timeout: 2 });
  }
}
