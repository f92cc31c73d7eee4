import { asc, desc, eq, type SQL, sql } from 'drizzle-orm';
import { percent } from '../../settings/percent';
import { plainText } from '../../settings/plainText';
import type { Database } from '../database';
import {
  type Attempt,
  attempts,
  type Migration,
  type MigrationStatus,
  migrationColumns,
  migrations,
  type StepRow,
  steps,
} from '../schema';
import { jobChangedSince } from './jobFile';
import { JOB_OF } from './jobOf';
import { isLive } from './live';
import { skippedCount } from './skipped';
import { pending } from './transitions';

/** A migration as an operator sees it. */
export interface MigrationView {
  readonly migration: Migration;
  /** The latest attempt; null when none has begun. */
  readonly attempt: Attempt | null;
  /** Whether it is running and its last heartbeat is recent. */
  readonly live: boolean;
  /** Seconds since its last heartbeat, by the database's clock. */
  readonly silentFor: number | null;
  /** Rows per second of the running attempt. Null when none runs or no row is done yet. */
  readonly rowsPerSecond: number | null;
  /** Of a migration in progress: attempts in a row that reached their time limit without progress. */
  readonly timeoutsWithoutProgress: number;
  /** Rows that were left out because of their data (`onError: 'skip'`). */
  readonly skipped: number;
  /** The last attempt that ran other code than the latest one did. Null: none, or it is not known. */
  readonly jobChangedSince: number | null;
}

/**
 * Reads all registered migrations, or one, in the order they run.
 * @param heartbeatTimeout milliseconds without a heartbeat after which an attempt counts as dead
 * @param which one, or all that are registered of a job's file; default: all
 */
export async function readMigrations(
  db: Database,
  heartbeatTimeout: number,
  which?: string | { readonly job: string },
): Promise<MigrationView[]> {
  const latest = db
    .select()
    .from(attempts)
    .where(eq(attempts.migration, migrations.name))
    .orderBy(desc(attempts.number), desc(attempts.id))
    .limit(1)
    .as('latest');
  const rows = await db
    .select({
      migration: migrationColumns,
      attempt: latest._.selectedFields,
      live: isLive(heartbeatTimeout),
      silentFor: sql<string | null>`extract(epoch from now() - ${latest.heartbeatAt})`,
      duration: sql<string | null>`extract(epoch from ${latest.heartbeatAt} - ${latest.startedAt})`,
      timeoutsWithoutProgress: timeoutsWithoutProgress.mapWith(Number),
      skipped: skippedCount,
      jobChangedSince: jobChangedSince(latest.jobHash),
    })
    .from(migrations)
    .leftJoinLateral(latest, sql`true`)
    .where(chosen(which))
    .orderBy(asc(migrations.createdAt), asc(migrations.name));
  return rows.map((row) => ({
    ...row,
    migration: shownMigration(row.migration),
    attempt: row.attempt && shownAttempt(row.attempt),
    silentFor: row.silentFor === null ? null : Number(row.silentFor),
    rowsPerSecond: row.live ? rate(row.attempt, Number(row.duration)) : null,
  }));
}

function chosen(which: string | { readonly job: string } | undefined): SQL | undefined {
  if (which === undefined) return undefined;
  return typeof which === 'string' ? eq(migrations.name, which) : eq(JOB_OF, which.job);
}

/** Reads a migration's status; null when it isn't registered. */
export async function readStatus(db: Database, name: string): Promise<MigrationStatus | null> {
  const [row] = await db
    .select({ status: migrations.status })
    .from(migrations)
    .where(eq(migrations.name, name));
  return row?.status ?? null;
}

/** Reads what a migration was registered with, as JSON; null: nothing. */
export async function readInput(db: Database, name: string): Promise<string | null> {
  const [row] = await db
    .select({ input: sql<string | null>`${migrations.input}::text` })
    .from(migrations)
    .where(eq(migrations.name, name));
  return row?.input ?? null;
}

/** Reads the attempts of a migration, the latest first. */
export async function readAttempts(db: Database, name: string, atMost: number): Promise<Attempt[]> {
  const found = await db
    .select()
    .from(attempts)
    .where(eq(attempts.migration, name))
    .orderBy(desc(attempts.number), desc(attempts.id))
    .limit(atMost);
  return found.map(shownAttempt);
}

/** A part of run() that is remembered when it is done. */
export type StepView = Pick<StepRow, 'name' | 'startedAt' | 'completedAt'>;

/** Reads the steps of a migration, in the order in which they began. */
export async function readSteps(db: Database, name: string): Promise<StepView[]> {
  const { startedAt, completedAt } = steps;
  const found = await db
    .select({ name: steps.name, startedAt, completedAt })
    .from(steps)
    .where(eq(steps.migration, name))
    .orderBy(asc(steps.id));
  return found.map((step) => ({ ...step, name: plainText(step.name) }));
}

/** Removes what could disturb a terminal: anybody may have written to our tables by hand. */
const shownMigration = (row: Migration): Migration => ({
  ...row,
  error: shown(row.error),
  waitsFor: shown(row.waitsFor),
  step: shown(row.step),
  requestedBy: shown(row.requestedBy),
  requestReason: shown(row.requestReason),
});

const shownAttempt = (attempt: Attempt): Attempt => ({
  ...attempt,
  worker: plainText(attempt.worker),
  error: shown(attempt.error),
});

const shown = (text: string | null): string | null => (text === null ? null : plainText(text));

/** Whether a run still has to execute it. All others change only when an operator says so. */
export const isPending = ({ migration }: Pick<MigrationView, 'migration'>): boolean =>
  pending.includes(migration.status);

/** From 0 to 100; null when the total is unknown. */
export const percentDone = ({ status, rowsDone, rowsTotal }: Migration): number | null =>
  status === 'completed' || status === 'reverted' ? 100 : percent(rowsDone, rowsTotal);

/** What the running attempt does apart from its walks: a step, a DDL statement. Null: nothing. */
export const runningStep = ({ migration, live }: MigrationView): string | null =>
  live ? migration.step : null;

/**
 * Seconds until a migration is done, at the speed of the running attempt; null when unknown. While
 * a step runs that counts no rows, all rows so far may be done: '0 s left' would be wrong.
 */
export function secondsLeft(view: MigrationView): number | null {
  const { migration, rowsPerSecond } = view;
  if (migration.rowsTotal === null || !rowsPerSecond) return null;
  if (runningStep(view) !== null && migration.rowsDone >= migration.rowsTotal) return null;
  return Math.max(0, migration.rowsTotal - migration.rowsDone) / rowsPerSecond;
}

function rate(attempt: Attempt | null, seconds: number): number | null {
  return attempt && attempt.rowsDone > 0 && seconds > 0 ? attempt.rowsDone / seconds : null;
}

/**
 * Counts the attempts after the last one that ended in another way or made progress. Not those of
 * migrations that have ended, of which there may be many thousands.
 */
const timeoutsWithoutProgress = sql`case when ${migrations.status} = 'in_progress' then (
  select count(*) from ${attempts} as late
  where late.migration = ${migrations.name} and late.outcome = 'timed_out' and not late.progressed
    and late.number > coalesce((
      select max(other.number) from ${attempts} as other
      where other.migration = ${migrations.name} and other.ended_at is not null
        and (other.outcome <> 'timed_out' or other.progressed)), 0)) else 0 end`;
