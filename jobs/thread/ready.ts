import { connect, type Sql } from '../../drizzle/connect';
import { database } from '../../drizzle/database';
import { SCHEMA } from '../../drizzle/schema';
import { targetOf } from '../../settings/migrationName';
import { plainText } from '../../settings/plainText';
import { JobUsageError } from '../context/jobUsageError';
import { contextFor } from '../context/looking';
import type { ReadyInput } from '../process/messages';
import { checkInput } from './input';
import type { LoadedJob } from './load';
import { threadLog } from './reporter';

/** Enough to look at two things at once. */
const CONNECTIONS = 2;
/** Longer reasons are cut again, where they are shown. Characters. */
const REASON_AT_MOST = 1_000;

/**
 * Asks a job's ready(), on sessions that end before this returns.
 * @returns the reason to wait; null when the job may begin
 * @throws JobUsageError when ready() returns something else; what ready() throws
 */
export async function askReady(job: LoadedJob, input: ReadyInput): Promise<string | null> {
  if (!job.ready) return null;
  const pools = [open(input), open(input)] as const;
  const [forDrizzle, sql] = pools;
  try {
    const { migration: name } = input;
    const log = threadLog();
    const db = database(forDrizzle);
    const checked = await checkInput(job.input, input.input);
    // The attempt begins, and says what is wrong with it.
    if (!('value' in checked)) return null;
    const given = { name, target: targetOf(name), input: checked.value, db, sql, log };
    return readReason(await job.ready(contextFor('ready', given)));
  } finally {
    await Promise.all(pools.map((pool) => pool.end({ timeout: 1 })));
  }
}

function open({ databaseUrl, password, limitMs }: ReadyInput): Sql {
  return connect(databaseUrl, {
    max: CONNECTIONS,
    password,
    applicationName: `lrm:${SCHEMA}:ready`,
    settings: {
      // It is asked again and again, and nothing keeps two of its calls apart.
      default_transaction_read_only: 'on',
      // Its process may be killed: then its sessions must not stay for long.
      statement_timeout: String(limitMs),
      idle_in_transaction_session_timeout: String(limitMs),
    },
  });
}

function readReason(returned: unknown): string | null {
  if (returned === undefined || returned === null) return null;
  if (typeof returned !== 'string') {
    throw new JobUsageError(
      `it returned a value of type ${typeof returned}: return a reason to wait as text, or nothing`,
    );
  }
  return plainText(returned.slice(0, REASON_AT_MOST)).trim() || null;
}
