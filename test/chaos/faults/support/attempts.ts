import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../../../../settings/within';
import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';

/** An attempt of a migration, as its row says. */
export interface AttemptRow {
  readonly id: string;
  readonly migration: string;
  readonly number: number;
  readonly runId: string;
  /** Null: it has not ended. */
  readonly outcome: string | null;
}

/** A statement of ours waits no longer for a server that another fault has frozen. Milliseconds. */
const ANSWER_WITHIN = 5_000;

/**
 * The current attempts that have not ended, in an order of no meaning.
 * @param pid of the worker that they run on. Default: all
 * @returns nothing, too, when Postgres does not answer: another fault may have broken it
 */
export async function runningAttempts({ postgres }: ChaosSet, pid?: number): Promise<AttemptRow[]> {
  const { sql } = postgres;
  const found = sql<AttemptRow[]>`
    select a.id::text, a.migration, a.number, a.run_id as "runId", a.outcome
    from long_running_migrations.attempts a
    join long_running_migrations.migrations m on m.current_attempt = a.id
    where a.ended_at is null and m.status = 'in_progress'
      and ${pid === undefined ? sql`true` : sql`a.worker like ${`${pid}@%`}`}`;
  return (
    (await within(
      ANSWER_WITHIN,
      found.catch(() => []),
    )) ?? []
  );
}

/**
 * Waits until attempts run, for as long as `patience` milliseconds.
 * @returns none, when none has begun by then
 */
export async function whileItRuns(
  set: ChaosSet,
  patience: number,
  pid?: number,
): Promise<AttemptRow[]> {
  const end = performance.now() + patience;
  for (;;) {
    const found = await runningAttempts(set, pid);
    if (found.length > 0 || performance.now() > end) return found;
    await sleep(LOOK_EVERY);
  }
}

/** Long enough for a run to start one, where the work is not at its end. Milliseconds. */
export const PATIENCE = 15_000;
const LOOK_EVERY = 100;

/**
 * Waits until none of these attempts is open any more. Postgres may be away meanwhile.
 * @returns how each ended
 */
export async function untilEnded(
  { postgres }: ChaosSet,
  attempts: readonly AttemptRow[],
  deadline: number,
): Promise<AttemptRow[]> {
  const ids = attempts.map(({ id }) => id);
  return waitFor(
    `an end of ${describe(attempts)}`,
    async () => {
      const read = postgres.sql<AttemptRow[]>`
        select id::text, migration, number, run_id as "runId", outcome
        from long_running_migrations.attempts where id = any(${ids}::bigint[])`;
      const found = await within(
        ANSWER_WITHIN,
        read.catch(() => undefined),
      );
      // One that is missing was lost with the last commits of a server that is gone.
      return found?.every(({ outcome }) => outcome !== null) && [...found];
    },
    deadline,
  );
}

/** '0003_orders (attempt 2: interrupted)', or 'nothing'. */
export const describe = (attempts: readonly AttemptRow[]): string =>
  attempts
    .map(({ migration, number, outcome }) => {
      return `${migration} (attempt ${number}${outcome === null ? '' : `: ${outcome}`})`;
    })
    .join(', ') || 'nothing';
