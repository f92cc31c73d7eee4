import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from '../../../drizzle/connect';
import { isRunning } from '../../support/processes';
import type { CheckContext } from './context';
import { type Finding, findings } from './finding';

/**
 * Ended workers have left no session, lock, transaction, process or file.
 * @param goneWithin milliseconds until sessions and processes must be gone
 */
export async function leaks(
  context: CheckContext,
  goneWithin: number = GONE_WITHIN,
): Promise<Finding[]> {
  const { temporary } = context;
  return findings(CHECK, [
    ...(await untilNone(() => inDatabase(context.sql), goneWithin)),
    ...(await untilNone(async () => processes(context), goneWithin)),
    ...(temporary === undefined ? [] : files(temporary)),
  ]);
}

const CHECK = 'leaks';

/** A server notices within 2 s that a client is gone, and a job process that its worker is. */
const GONE_WITHIN = 15_000;

/** What is still there after a while. */
async function untilNone(look: () => Promise<string[]>, goneWithin: number): Promise<string[]> {
  const until = performance.now() + goneWithin;
  for (;;) {
    const found = await look();
    if (found.length === 0 || performance.now() > until) return found;
    await sleep(250);
  }
}

async function inDatabase(sql: Sql): Promise<string[]> {
  const rows = await sql<{ what: string }[]>`
    select format('session %s of %s is open', pid, application_name) as what from pg_stat_activity
    where application_name like 'lrm%' and datname = current_database()
    union all
    select format('session %s holds an advisory lock', pid) from pg_locks
    where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
    union all
    select format('transaction %s is prepared', gid) from pg_prepared_xacts where database = current_database()
    order by what`;
  return rows.map(({ what }) => what);
}

/** Worker processes, and whatever has their folder for temporary files in its environment. */
function processes({ workers, temporary }: CheckContext): string[] {
  const own = workers.filter(
    ({ upto, pid }) => upto === undefined || (temporary && isOf(pid, temporary)),
  );
  const left = own.filter(({ pid }) => isRunning(pid)).map(({ pid }) => pid);
  const others = temporary === undefined ? [] : pids().filter((pid) => isOf(pid, temporary));
  const all = [...new Set([...left, ...others])].filter((pid) => pid !== process.pid);
  return all.map((pid) => `process ${pid} runs still: ${commandOf(pid)}`);
}

/** Without /proc there is nothing to see. */
function pids(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^[0-9]+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function isOf(pid: number, temporary: string): boolean {
  return read(pid, 'environ').split('\0').includes(`TMPDIR=${temporary}`);
}

const commandOf = (pid: number): string =>
  read(pid, 'cmdline').replaceAll('\0', ' ').slice(0, 100) || 'its command is not known';

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

/** Caches of Node and tsx, which are meant to stay. */
const CACHES = /^(tsx-|node-compile-cache)/;

function files(folder: string): string[] {
  const left = readdirSync(folder).filter((name) => !CACHES.test(name));
  return left.map((name) => `${name} is left in the folder for temporary files`);
}
