import type { Sql } from '../drizzle/connect';
import { explainUnappliable, unappliedEntries } from '../drizzle/migrator/unapplied';
import { errorAfterStatus, isReverting, statusText } from '../drizzle/rows/direction';
import { isInstalled } from '../drizzle/rows/installed';
import { OperationRefused } from '../drizzle/rows/operationRefused';
import {
  describeUnusable,
  describeWaiting,
  type Inbox,
  readInbox,
} from '../drizzle/rows/registrations';
import {
  readNames,
  readUnfinished,
  readUnregistered,
  type Unfinished,
} from '../drizzle/rows/unfinished';
import type { MigrationStatus } from '../drizzle/schema';
import { plainText } from '../settings/plainText';
import { gatedNames, requireNames } from './arguments/names';
import { didYouMean } from './arguments/suggest';
import { openForReading } from './openForReading';

/** Something is not completed. The message has a line for each problem, with what to type. */
export class NotCompleted extends OperationRefused {
  override readonly name = 'NotCompleted';
}

/** A reason why a gate does not pass. */
export interface Problem {
  /** Null: the problem is not about one migration. */
  readonly name: string | null;
  /** Null: not registered. */
  readonly status: MigrationStatus | null;
  readonly problem: string;
  /** What to type. */
  readonly next: string | null;
}

/** The result of a gate. It passes if there are no problems. */
export interface Verdict {
  /** The name of a database without our tables, where everything passes; otherwise null. */
  readonly freshInstall: string | null;
  /** The full names of the checked migrations. Empty: all registered ones. */
  readonly names: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * A gate for a deploy, or for an application's start: passes only if the named migrations are
 * completed, without skipped rows that nobody has accepted. A database without our tables passes: a
 * fresh install has nothing to wait for. It does not pass if the application's own migrations have
 * registered something there before `lrm migrate`, nor if the role may not read our tables.
 *
 * @param names default: all registered migrations
 * @param databaseUrl default: DATABASE_URL
 * @throws NotCompleted; OperationRefused when our tables can't be read; UsageError when one is not a
 * migration's name
 * @example await requireCompleted(['0001_sample']);
 */
export async function requireCompleted(
  names: readonly string[] = [],
  databaseUrl: string = process.env['DATABASE_URL'] ?? '',
): Promise<void> {
  const sql = await openForReading(databaseUrl);
  try {
    const { problems } = await judge(sql, names);
    if (problems.length > 0) throw new NotCompleted(describeProblems(problems));
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** {@link requireCompleted} on an open connection. Returns the result instead of throwing it. */
export async function judge(sql: Sql, typed: readonly string[]): Promise<Verdict> {
  requireNames(typed);
  const { installed, where } = await isInstalled(sql);
  const inbox = await readInbox(sql);
  const waiting = installed && typed.length > 0 ? [] : notTakenOver(inbox);
  if (!installed) {
    const freshInstall = waiting.length === 0 ? where : null;
    return { freshInstall, names: typed, problems: waiting };
  }
  const names = await gatedNames(sql, typed);
  const problems = [
    ...waiting,
    ...(await unapplied(sql, names)),
    ...(await unregistered(sql, names)),
    ...unfinished(await readUnfinished(sql, names)),
  ];
  return { freshInstall: null, names, problems };
}

/** One line for each problem. */
export const describeProblems = (problems: readonly Problem[]): string =>
  shorten(problems.map(({ problem, next }) => problem + (next ? `. Next: ${next}` : ''))).join(
    '\n',
  );

/** One screen. `lrm status` shows all. */
const PROBLEMS_AT_MOST = 20;

function shorten(problems: readonly string[]): string[] {
  const more = problems.length - PROBLEMS_AT_MOST;
  const first = problems.slice(0, PROBLEMS_AT_MOST);
  return more > 0 ? [...first, `and ${more} more: npx lrm status`] : first;
}

/** With names on a database that has our tables, {@link unregistered} says it of each. */
function notTakenOver({ waiting, unusable }: Inbox): Problem[] {
  const about = (problem: string, next: string) => ({ name: null, status: null, problem, next });
  return [
    ...(waiting.length > 0 ? [about(describeWaiting(waiting), 'npx lrm migrate')] : []),
    ...unusable.map((name) => {
      const { problem, next } = describeUnusable(name);
      return about(problem, next);
    }),
  ];
}

/**
 * Journal entries that are not applied yet may register more migrations. If names are given, entries
 * that the next `lrm migrate` applies don't matter: they register other migrations, or ones that
 * {@link unregistered} reports.
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

async function unregistered(sql: Sql, names: readonly string[]): Promise<Problem[]> {
  const missing = await readUnregistered(sql, names);
  const all = missing.length > 0 ? await readNames(sql) : [];
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

/** The command that brings a migration with this status nearer to completion. */
const next: Readonly<Record<MigrationStatus, string>> = {
  created: 'finalize',
  in_progress: 'finalize',
  paused: 'resume',
  failed: 'retry',
  cancelled: 'retry',
  completed: 'status',
  reverted: 'retry',
};

/** The same while it is being reverted: it can't be finalized, and a plain retry reverts it. */
const nextReverting: Readonly<Record<MigrationStatus, string>> = {
  ...next,
  created: 'status',
  in_progress: 'status',
};

function nextCommand(row: Unfinished): string {
  const { name, status } = row;
  if (!isReverting(row)) return `npx lrm ${next[status]} ${name}`;
  const forward = nextReverting[status] === 'retry' ? ' --forward' : '';
  return `npx lrm ${nextReverting[status]} ${name}${forward}`;
}

const unfinished = (rows: readonly Unfinished[]): Problem[] =>
  rows.map((row) => {
    const { name, status, waitsFor, skipped } = row;
    if (status === 'completed') return withSkipped(name, skipped);
    const why = plainText([waitsFor, errorAfterStatus(row)].filter(Boolean).join('; '));
    return {
      name,
      status,
      problem: `${name} is ${statusText(row)}${why ? ` (${why})` : ''}`,
      next: nextCommand(row),
    };
  });

/** Completed, but not for all rows: what comes after it may need each of them. */
const withSkipped = (name: string, skipped: number): Problem => ({
  name,
  status: 'completed',
  problem: `${name} is completed, but ${skipped} ${skipped === 1 ? 'row was' : 'rows were'} skipped`,
  next: `npx lrm skipped ${name}; then npx lrm retry ${name} --skipped, or npx lrm skipped ${name} --accept`,
});
