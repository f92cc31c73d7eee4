import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Claimed } from '../../drizzle/rows/claim';
import { failuresInARow, type Written, writeOutcome } from '../../drizzle/rows/outcome';
import type { AttemptOutcome } from '../../drizzle/schema';
import type { StopReason } from '../../jobs/process/messages';
import type { RunMigrationResult } from '../contract';
import type { Deps } from '../deps';
import { errorText } from './errorText';
import type { AttemptProgress } from './progress';
import { retryDelay } from './retryDelay';
import { decide } from './retryOrFail';
import type { AttemptEnd } from './runAttempt';
import type { TemporalAttempt } from './temporalAttempt';

/** An attempt that has run its course. */
export interface Concluded {
  readonly migration: string;
  readonly claimed: Claimed;
  readonly progress: AttemptProgress;
  readonly end: AttemptEnd;
  readonly maxFailures: number;
  /** Until when its outcome can be written, by performance.now(). */
  readonly until: () => number;
}

/**
 * Writes down how an attempt ended, and tells Temporal what comes next.
 * @throws what runMigration throws.
 */
export async function conclude(
  deps: Deps,
  concluded: Concluded,
  temporal: TemporalAttempt,
): Promise<RunMigrationResult> {
  const { migration, claimed, progress, end } = concluded;
  const { attemptId, number, epoch, server } = claimed;
  const write: Write = (
    outcome,
    error,
    { move = true, errorUnknown = false, onItsServer = false } = {},
  ) =>
    firmly(deps, concluded, () =>
      writeOutcome(
        deps.db,
        {
          migration,
          attemptId,
          epoch,
          server: onItsServer ? server : null,
          outcome,
          error,
          errorUnknown,
          progress,
        },
        move,
      ),
    );
  const log = deps.log.child({ migration, attempt: number, rows: progress.doneHere });

  if (end.kind === 'completed') {
    const written = await write('completed', null, { onItsServer: end.usedDatabase });
    if (written === 'superseded') throw superseded(deps, migration);
    if (written === 'outdated') throw retryIn(1, OUTDATED);
    log.info('completed');
    return { outcome: 'completed' };
  }
  if (end.kind === 'stopped') {
    log.info(`stopped: ${end.reason}`);
    return stopped(deps, migration, end.reason, write, temporal);
  }
  return threw(deps, concluded, end, write, temporal);
}

const OUTDATED =
  'the database server was restarted or replaced when run() had returned; the next attempt reads what is stored';

type Write = (
  outcome: AttemptOutcome,
  error: string | null,
  how?: { move?: boolean; errorUnknown?: boolean; onItsServer?: boolean },
) => Promise<Written>;

async function threw(
  deps: Deps,
  concluded: Concluded,
  { during, error: thrown, detail }: Extract<AttemptEnd, { kind: 'threw' }>,
  write: Write,
  temporal: TemporalAttempt,
): Promise<never> {
  const { migration, claimed, progress, maxFailures } = concluded;
  const full = deps.settings.LRM_ERROR_DETAIL === 'full' && detail ? { detail } : {};
  const log = deps.log.child({ migration, attempt: claimed.number, ...full });
  const text = errorText(during, thrown);
  const verdict = decide(during, thrown);
  if (verdict === 'superseded') {
    await write('superseded', null);
    throw superseded(deps, migration);
  }
  const errorUnknown = verdict === 'unknown';
  const before = progress.progressed
    ? { all: 0, unknown: 0 }
    : await firmly(deps, concluded, () => failuresInARow(deps.db, migration, claimed.number - 1));
  const unknown = before.unknown + 1;
  if (verdict === 'fail' || (errorUnknown && unknown >= maxFailures)) {
    const error = `${text}. ${advice(migration, verdict, unknown)}`;
    const written = await write('failed', error, { errorUnknown });
    if (written === 'superseded') throw superseded(deps, migration);
    log.error(error);
    throw failed(error);
  }
  const delay = retryDelay(deps.settings, before.all + 1);
  const limit = errorUnknown ? `; after ${maxFailures} without progress it counts as failed` : '';
  const error = `${text}. It is tried again by itself (failure ${before.all + 1} in a row${limit}).`;
  if ((await write('retried', error, { errorUnknown })) === 'superseded') {
    // Whoever claimed has ended this one's sessions, and that was the error.
    log.info('stopped: superseded');
    throw superseded(deps, migration);
  }
  log.warn({ nextInMs: delay }, error);
  await temporal.statusChanged();
  throw retryIn(delay, error);
}

function advice(migration: string, verdict: 'fail' | 'unknown', failures: number): string {
  const why =
    verdict === 'fail'
      ? 'Another attempt would meet it again'
      : `${failures} failures in a row without progress`;
  return `${why}: mend the job or the data, then type: npx lrm retry ${migration}`;
}

async function stopped(
  deps: Deps,
  migration: string,
  reason: StopReason,
  write: Write,
  temporal: TemporalAttempt,
): Promise<RunMigrationResult> {
  // Handed over at once: nothing is wrong with the job. (0 would fail the activity for good.)
  const soon = 1;
  switch (reason) {
    case 'operator pause':
      return obeyed(deps, migration, 'paused', await write('paused', null));
    case 'operator cancel':
      return obeyed(deps, migration, 'cancelled', await write('cancelled', null));
    case 'run cancelled':
      await write('interrupted', null);
      throw new CancelledFailure('stopped with its run; its row stays in_progress');
    case 'paused in Temporal':
      await write('paused', null, { move: false });
      throw new CancelledFailure('paused in Temporal; unpause it there, or: npx lrm resume');
    case 'superseded':
      await write('superseded', null);
      throw superseded(deps, migration);
    case 'time limit':
      await write('timed_out', null);
      await temporal.statusChanged();
      throw retryIn(
        deps.settings.LRM_RETRY_INITIAL_INTERVAL,
        'its time limit; the next attempt goes on',
      );
    case 'worker shutdown':
    case 'reset in Temporal':
    case 'lost by Temporal':
      await write('interrupted', null);
      throw retryIn(soon, `${reason}; the next attempt goes on`);
  }
}

function obeyed(
  deps: Deps,
  migration: string,
  outcome: 'paused' | 'cancelled',
  written: Written,
): RunMigrationResult {
  if (written === 'withdrawn') throw retryIn(1, 'the operator wants it to go on');
  // Not the current attempt: the operator's command has settled the row itself, and this is how it was heard.
  if (written === 'superseded') deps.log.debug({ migration }, 'its row had been settled already');
  return { outcome };
}

/** Between two tries. Milliseconds. */
const AGAIN = 400;

/**
 * Asks the database until it answers: it may be restarting, and what run() did must not be done
 * once more for that. Until `until` (performance.now()), since then Temporal hands out the next one.
 */
async function firmly<T>(
  deps: Deps,
  { migration, until }: Pick<Concluded, 'migration' | 'until'>,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      // Whoever comes next ends this attempt's row.
      if (performance.now() + AGAIN > until()) {
        deps.log.warn({ migration }, 'could not write the outcome: the database was away');
        const message = 'the database was away when the attempt ended; its outcome is not known';
        throw retryIn(deps.settings.LRM_RETRY_INITIAL_INTERVAL, message);
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }
}

/** A failure after which Temporal tries again; 0 would fail the activity for good. */
export function retryIn(milliseconds: number, message: string): ApplicationFailure {
  return ApplicationFailure.create({
    message,
    type: 'AttemptRetried',
    nextRetryDelay: Math.max(1, milliseconds),
  });
}

function superseded(deps: Deps, migration: string): ApplicationFailure {
  return retryIn(
    deps.settings.LRM_RETRY_INITIAL_INTERVAL,
    `this attempt of ${migration} was superseded by a newer one`,
  );
}

/** The migration has failed: Temporal doesn't try again. */
export function failed(error: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(error, 'MigrationFailed');
}
