import type { Sql } from '../drizzle/connect';
import { type Database, database } from '../drizzle/database';
import { unappliedEntries } from '../drizzle/migrate';
import { Refusal } from '../drizzle/refusal';
import type { MigrationStatus } from '../drizzle/schema';
import { explainUnappliable } from '../drizzle/unapplied';
import {
  isInstalled,
  readUnfinished,
  readUnregistered,
  type Unfinished,
} from '../drizzle/unfinished';
import { migrationName } from './name';
import { openSql } from './openSql';

/** Something isn't completed. The message says what, a line each, and what to type. */
export class NotCompleted extends Refusal {
  override readonly name = 'NotCompleted';
}

/**
 * The gate of a deploy, or of an application's start: passes only if the named migrations (none
 * named: all registered ones) are completed. A database without our tables passes: a fresh install
 * has nothing to wait for.
 *
 * @param databaseUrl default: DATABASE_URL
 * @throws NotCompleted; WrongUse for what is no migration's name
 */
export async function requireCompleted(
  names: readonly string[] = [],
  databaseUrl: string = process.env['DATABASE_URL'] ?? '',
): Promise<void> {
  const sql = openSql(databaseUrl);
  try {
    await requireCompletedIn(sql, names);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** {@link requireCompleted} on a connection that is there. */
export async function requireCompletedIn(sql: Sql, names: readonly string[]): Promise<void> {
  names.forEach(migrationName);
  const db = database(sql);
  if (!(await isInstalled(db))) return;
  const problems = [
    ...(await unapplied(sql, names)),
    ...(await unregistered(db, names)),
    ...unfinished(await readUnfinished(db, names)),
  ];
  if (problems.length > 0) throw new NotCompleted(shorten(problems).join('\n'));
}

/** A screenful; who needs all of them asks `lrm status`. */
const PROBLEMS_AT_MOST = 20;

function shorten(problems: readonly string[]): string[] {
  const more = problems.length - PROBLEMS_AT_MOST;
  const first = problems.slice(0, PROBLEMS_AT_MOST);
  return more > 0 ? [...first, `and ${more} more: npx lrm status`] : first;
}

/**
 * Entries of the journal that the database lacks may register more. Where names are given, those
 * that the next `lrm migrate` will apply don't matter: what they register isn't among the names,
 * or it is missing below.
 */
async function unapplied(sql: Sql, names: readonly string[]): Promise<string[]> {
  const entries = await unappliedEntries(sql);
  const problem = explainUnappliable('sql', entries);
  const fresh = entries.filter(({ why }) => why === 'new').map(({ entry }) => entry.tag);
  return [
    ...(problem ? [problem] : []),
    ...(fresh.length > 0 && names.length === 0
      ? [`not applied yet: ${fresh.join(', ')}. Next: npx lrm migrate`]
      : []),
  ];
}

async function unregistered(db: Database, names: readonly string[]): Promise<string[]> {
  const missing = await readUnregistered(db, names);
  return missing.map(
    (name) => `${name} is not registered. Next: npx lrm migrate, or npx lrm register ${name}`,
  );
}

/** What brings a migration of that status nearer to its completion. */
const next: Readonly<Record<Exclude<MigrationStatus, 'completed'>, string>> = {
  created: 'finalize',
  in_progress: 'finalize',
  paused: 'resume',
  failed: 'retry',
  cancelled: 'retry',
};

const unfinished = (rows: readonly Unfinished[]): string[] =>
  rows.map(({ name, status, error, waitsFor }) => {
    const why = [waitsFor, error].filter(Boolean).join('; ');
    const command = status === 'completed' ? 'status' : next[status];
    return `${name} is ${status}${why ? ` (${why})` : ''}. Next: npx lrm ${command} ${name}`;
  });
