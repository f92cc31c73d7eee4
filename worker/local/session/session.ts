import path from 'node:path';
import { connect } from '../../../drizzle/connect';
import { database } from '../../../drizzle/database';
import { applyMigrations } from '../../../drizzle/migrator/migrate';
import { readSettings } from '../../../settings/settings';
import { UsageError } from '../../../settings/usageError';
import { localFolder, type OpenDevServers, openDevServers } from '../openDevServers';
import { loadSamplePlaces } from '../postgres/samplePlaces';
import { Closing } from './closing';
import { runCommand } from './command';
import { nextSteps } from './nextSteps';
import { summarize } from './summary';
import { superviseWorker } from './supervisedWorker';
import { runUntilDone } from './untilDone';
import { watchProgress } from './watch';

export interface SessionOptions {
  /** End when nothing is pending. */
  readonly once: boolean;
  /** Drop the dev servers' data first. */
  readonly fresh: boolean;
  /**
   * Where to put the sample's table and rows: 'embedded' is into the dev server's database only,
   * 'always' also into the database that DATABASE_URL names.
   */
  readonly samples: 'never' | 'embedded' | 'always';
}

/** What an operator requests by Ctrl-C. */
export interface StopSignals {
  /** First Ctrl-C: stop cleanly. */
  readonly asked: AbortSignal;
  /** Second Ctrl-C: don't wait for running migrations. */
  readonly insisted: AbortSignal;
}

/**
 * All of `npm start` and `lrm dev`: servers, schema, sample, worker, Schedule, a first run, live
 * progress. At the end it closes everything in the opposite order. Returns the exit code.
 */
export async function runSession(
  env: NodeJS.ProcessEnv,
  options: SessionOptions,
  stop: StopSignals,
): Promise<number> {
  const closing = new Closing();
  const broken = new AbortController();
  const signal = AbortSignal.any([stop.asked, broken.signal]);
  try {
    const servers = await openDevServers(env, options, closing, signal, (server) =>
      broken.abort(new Error(`${server} has ended by itself; its log is in ${localFolder}`)),
    );
    await prepareDatabase(servers, options).catch(sayWhere);
    signal.throwIfAborted();
    // Only the author of the jobs reads this log, on their own machine.
    const workerEnv = { LRM_ERROR_DETAIL: 'full', ...servers.env };
    const worker = await superviseWorker(workerEnv, workerLog, console.log, signal);
    closing.add(() => worker.stop());
    stop.insisted.addEventListener('abort', () => worker.kill());
    await command(servers.env, 'schedule', signal);
    console.log(nextSteps(servers, workerLog));
    return await (options.once ? runOnce : runUntilStopped)(servers, closing, signal);
  } catch (error) {
    // `error` is only a consequence of the server's end.
    throw broken.signal.aborted ? broken.signal.reason : error;
  } finally {
    await closing.close();
  }
}

const workerLog = path.join(localFolder, 'worker.log');

async function prepareDatabase(servers: OpenDevServers, options: SessionOptions): Promise<void> {
  await applyMigrations(servers.databaseUrl, 'sql');
  if (options.samples === 'never') return;
  // A user's own database gets the sample's table only on request.
  if (!servers.embedded.postgres && options.samples === 'embedded') return;
  await applyMigrations(servers.databaseUrl, 'sample');
  const loaded = await loadSamplePlaces(servers.databaseUrl);
  if (loaded > 0) console.log(`Loaded ${loaded.toLocaleString('en-US')} places.`);
}

/** The driver's 'ECONNREFUSED' alone doesn't say which server refused. */
function sayWhere(error: unknown): never {
  if (error instanceof UsageError) throw error;
  const { message, code } = error as { message?: string; code?: string };
  throw new Error(`Postgres: ${message || code}`, { cause: error });
}

async function runOnce(
  servers: OpenDevServers,
  closing: Closing,
  signal: AbortSignal,
): Promise<number> {
  const { db, heartbeatTimeout } = openDatabase(servers, closing);
  const done = new AbortController();
  const watching = watchProgress(db, heartbeatTimeout, AbortSignal.any([signal, done.signal]));
  try {
    const views = await runUntilDone(servers.env, db, heartbeatTimeout, signal);
    done.abort();
    await watching;
    const { lines, good } = summarize(views);
    console.log(lines.join('\n'));
    return good ? 0 : 1;
  } finally {
    done.abort();
    await watching;
  }
}

async function runUntilStopped(
  servers: OpenDevServers,
  closing: Closing,
  signal: AbortSignal,
): Promise<number> {
  await command(servers.env, 'run', signal);
  const { db, heartbeatTimeout } = openDatabase(servers, closing);
  await watchProgress(db, heartbeatTimeout, signal, (views) =>
    console.log(summarize(views).lines.join('\n')),
  );
  signal.throwIfAborted();
  return 0;
}

function openDatabase(servers: OpenDevServers, closing: Closing) {
  const settings = readSettings(servers.env);
  const sql = connect(settings.databaseUrl, { max: 2, applicationName: 'lrm-start' });
  closing.add(() => sql.end({ timeout: 1 }));
  return { db: database(sql), heartbeatTimeout: settings.LRM_HEARTBEAT_TIMEOUT };
}

/** Runs an `lrm` command. Throws when it fails. */
async function command(env: NodeJS.ProcessEnv, name: string, signal: AbortSignal): Promise<void> {
  const { code, stderr } = await runCommand(env, [name], signal);
  if (code !== 0) throw new Error(stderr || `lrm ${name} ended with exit code ${code}`);
}
