import type { Sql } from '../drizzle/connect';
import { type Database, database } from '../drizzle/database';
import { unappliedEntries } from '../drizzle/migrator/migrate';
import { explainUnappliable } from '../drizzle/migrator/unapplied';
import { isInstalled } from '../drizzle/rows/installed';
import { OperationRefused } from '../drizzle/rows/operationRefused';
import { readNames } from '../drizzle/rows/status';
import { readUnfinished, readUnregistered, type Unfinished } from '../drizzle/rows/unfinished';
import type { MigrationStatus } from '../drizzle/schema';
import { plainText } from '../settings/plainText';
import { gatedNames, requireNames } from './arguments/names';
import { didYouMean } from './arguments/suggest';
import { openSql } from './openSql';

/** Something isn't completed. The message says what, a line each, and what to type. */
export class NotCompleted extends OperationRefused {
  override readonly name = 'NotCompleted';
}

/** Something that keeps a gate closed. */
export interface Problem {
  /** Null: it isn't about one migration. */
  readonly name: string | null;
  /** Null: not registered. */
  readonly status: MigrationStatus | null;
  readonly problem: string;
  /** What to type. */
  readonly next: string | null;
}

/** What a gate says. It lets pass what has no problems. */
export interface Verdict {
  /** The database that has none of our tables, and lets everything pass for that alone; else null. */
  readonly freshInstall: string | null;
  /** What was asked about, in full; none: all registered ones. */
  readonly names: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * The gate of a deploy, or of an application's start: passes only if the named migrations (none
 * named: all registered ones) are completed. A database without our tables passes: a fresh install
 * has nothing to wait for. Tables that this role may not read are no fresh install.
 *
 * @param databaseUrl default: DATABASE_URL
 * @throws NotCompleted; OperationRefused when our tables can't be read; UsageError for what is no migration's name
 */
export async function requireCompleted(
  names: readonly string[] = [],
  databaseUrl: string = process.env['DATABASE_URL'] ?? '',
): Promise<void> {
  const sql = openSql(databaseUrl);
  try {
    const { problems } = await judge(sql, names);
    if (problems.length > 0) throw new NotCompleted(describeProblems(problems));
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** {@link requireCompleted} on a connection that is there; gives its verdict. */
export async function judge(sql: Sql, typed: readonly string[]): Promise<Verdict> {
  requireNames(typed);
  const db = database(sql);
  const { installed, where } = await isInstalled(db);
  if (!installed) return { freshInstall: where, names: typed, problems: [] };
  const names = await gatedNames(db, typed);
  const problems = [
    ...(await unapplied(sql, names)),
    ...(await unregistered(db, names)),
    ...unfinished(await readUnfinished(db, names)),
  ];
  return { freshInstall: null, names, problems };
}

/** A line each. */
export const describeProblems = (problems: readonly Problem[]): string =>
  shorten(problems.map(({ problem, next }) => problem + (next ? `. Next: ${next}` : ''))).join(
    '\n',
  );

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
async function unapplied(sql: Sql, names: readonly string[]): Promise<Problem[]> {
  const entries = await unappliedEntries(sql);
  const problem = explainUnappliable('sql', entries);
  const fresh = entries.filter(({ why }) => why === 'new').map(({ entry }) => entry.tag);
  const problems: Problem[] = [];
  if (problem) problems.push({ name: null, status: null, problem, next: null });
  if (fresh.length > 0 && names.length === 0) {
    const text = `not applied yet: ${fresh.join(', ')}`;
    problems.push({ name: null, status: null, problem: text, next: 'npx lrm migrate' });
  }
  return problems;
}

async function unregistered(db: Database, names: readonly string[]): Promise<Problem[]> {
  const missing = await readUnregistered(db, names);
  const all = missing.length > 0 ? await readNames(db) : [];
  return missing.map((name) => {
    const hint = didYouMean(name, all);
    return {
      name,
      status: null,
      problem: `${name} is not registered${hint ? ` (${hint})` : ''}`,
      next: `npx lrm migrate, or npx lrm register ${name}`,
    };
  });
}

/** What brings a migration of that status nearer to its completion. */
const next: Readonly<Record<MigrationStatus, string>> = {
  created: 'finalize',
  in_progress: 'finalize',
  paused: 'resume',
  failed: 'retry',
  cancelled: 'retry',
  completed: 'status',
};

const unfinished = (rows: readonly Unfinished[]): Problem[] =>
  rows.map(({ name, status, error, waitsFor }) => {
    const why = plainText([waitsFor, error].filter(Boolean).join('; '));
    return {
      name,
      status,
      problem: `${name} is ${status}${why ? ` (${why})` : ''}`,
      next: `npx lrm ${next[status]} ${name}`,
    };
  });
