import { setTimeout as sleep } from 'node:timers/promises';
import { type ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { REVERT_FAILED } from '../../drizzle/rows/direction';
import type { FencedAttempt } from '../../drizzle/rows/fence';
import { failuresInARow, type Written, writeOutcome } from '../../drizzle/rows/outcome';
import { readSkippedByWalk, type SkippedOfWalk, withSkipped } from '../../drizzle/rows/skipped';
import { writeWaitsFor } from '../../drizzle/rows/waitsFor';
import type { AttemptOutcome, Direction, FailedBatch } from '../../drizzle/schema';
import type { StopReason } from '../../jobs/process/messages';
import { plainText } from '../../settings/plainText';
import type { RunMigrationResult } from '../contract';
import type { Deps } from '../deps';
import type { AttemptMetrics } from '../metrics/metrics';
import type { AttemptTrace } from '../traces/traces';
import { errorFields } from './errorFields';
import { errorText } from './errorText';
import { failed, retryIn } from './failures';
import type { AttemptProgress } from './progress';
import { retryDelay } from './retryDelay';
import { decide } from './retryOrFail';
import type { AttemptEnd } from './runAttempt';
import type { TemporalAttempt } from './temporalAttempt';

/** An attempt that has ended. */
export interface Concluded {
  readonly attempt: FencedAttempt;
  /** Which of the job's functions it ran. */
  readonly direction: Direction;
  readonly progress: AttemptProgress;
  readonly metrics: AttemptMetrics;
  readonly trace: AttemptTrace;
  /** performance.now() at the attempt's start. */
  readonly since: number;
  readonly end: AttemptEnd;
  readonly maxFailures: number;
  /** After this time nothing is written: Temporal then starts the next attempt. By performance.now(). */
  readonly deadline: number;
}

/**
 * Writes how an attempt ended to its rows, and answers Temporal.
 * @throws what runMigration throws.
 */
export function conclude(
  deps: Deps,
  concluded: Concluded,
  temporal: TemporalAttempt,
): Promise<RunMigrationResult> {
  return new Conclusion(deps, concluded, temporal).conclude();
}

/** How an outcome is written. */
interface WriteOptions {
  /** False: the migration's status stays in_progress. */
  readonly move?: boolean;
  readonly errorUnknown?: boolean;
  readonly failedBatch?: FailedBatch | undefined;
  /** True: only on the server of the claim, see Ending. */
  readonly onItsServer?: boolean;
}

/** Between two tries to write. Milliseconds. */
const AGAIN = 400;
/** A supervisor kills a worker about 10 seconds after the grace of its jobs. Milliseconds. */
const PATIENCE_WHEN_STOPPED = 4_000;
/** The next attempt starts at once, since nothing is wrong with the job. Milliseconds. */
const AT_ONCE = 1;

/** What an outcome that could not be written is in its row, see {@link Written}. */
const COUNTS_AS: Partial<Record<Written, AttemptOutcome>> = {
  withdrawn: 'interrupted',
  outdated: 'interrupted',
  superseded: 'superseded',
};

const OUTDATED =
  'the database server was restarted or replaced when the job had returned; the next attempt reads what is stored';

class Conclusion {
  private readonly migration: string;
  private readonly log: Deps['log'];
  private readonly endedAt = performance.now();

  constructor(
    private readonly deps: Deps,
    private readonly concluded: Concluded,
    private readonly temporal: TemporalAttempt,
  ) {
    const { since, progress } = concluded;
    const { migration, number } = concluded.attempt;
    this.migration = migration;
    this.log = deps.log.child({
      migration,
      attempt: number,
      rows: progress.doneHere,
      durationMs: Math.round(this.endedAt - since),
    });
  }

  conclude(): Promise<RunMigrationResult> {
    const { end } = this.concluded;
    switch (end.kind) {
      case 'completed':
        return this.completed(end.usedDatabase);
      case 'stopped':
        return this.stopped(end.reason);
      case 'left':
        return this.left(end.why);
      case 'threw':
        return this.threw(end);
    }
  }

  private async completed(usedDatabase: boolean): Promise<RunMigrationResult> {
    const forward = this.concluded.direction === 'forward';
    const walks = await this.persistently(() => readSkippedByWalk(this.deps.db, this.migration));
    const left = walks.filter(({ again }) => again > 0);
    if (left.length > 0) return this.leftAgain(left, forward ? 'run()' : 'revert()');
    const outcome = forward ? 'completed' : 'reverted';
    const written = await this.write(outcome, null, { onItsServer: usedDatabase });
    if (written === 'superseded') throw this.superseded();
    if (written === 'outdated') throw retryIn(AT_ONCE, OUTDATED);
    const skipped = walks.reduce((sum, { rows }) => sum + rows, 0);
    this.log.info(withSkipped(outcome, skipped));
    return { outcome, ...(skipped > 0 ? { skipped } : {}) };
  }

  /** `lrm retry --skipped` is not carried out, and another attempt would not do it either. */
  private async leftAgain(left: readonly SkippedOfWalk[], called: string): Promise<never> {
    const rows = left.reduce((sum, { again }) => sum + again, 0);
    const names = left.map(({ walk }) => `'${plainText(walk)}'`).join(', ');
    const error =
      `${rows} skipped rows were to be done again, but ${called} has not come to their walk (${names}): ` +
      'it is not called any more, or stands in a finished step. Fix the job, or give the rows up: ' +
      `npx lrm skipped ${this.migration} --accept; then type: npx lrm retry ${this.migration}`;
    if ((await this.write('failed', error)) === 'superseded') throw this.superseded();
    this.log.error(error);
    throw failed(error);
  }

  private async stopped(reason: StopReason): Promise<RunMigrationResult> {
    this.log.info(`stopped: ${reason}`);
    switch (reason) {
      case 'operator pause':
        return this.stoppedByOperator('paused');
      case 'operator cancel':
        return this.stoppedByOperator('cancelled');
      case 'run cancelled':
        await this.write('interrupted', null);
        throw new CancelledFailure('stopped with its run; its row stays in_progress');
      case 'paused in Temporal':
        await this.write('paused', null, { move: false });
        throw new CancelledFailure('paused in Temporal; unpause it there, or: npx lrm resume');
      case 'superseded':
        await this.write('superseded', null);
        throw this.superseded();
      case 'time limit':
        await this.write('timed_out', null);
        await this.temporal.statusChanged();
        throw retryIn(
          this.deps.settings.LRM_RETRY_INITIAL_INTERVAL,
          'the attempt reached its time limit; the next one goes on',
        );
      case 'worker shutdown':
      case 'reset in Temporal':
      case 'lost by Temporal':
        await this.write('interrupted', null);
        throw retryIn(AT_ONCE, `${reason}; the next attempt goes on`);
    }
  }

  /** No failure, whatever it was: a worker finds out. */
  private async left(why: string): Promise<RunMigrationResult> {
    const reason = `left for a worker: ${why}`;
    if ((await this.write('interrupted', null)) === 'superseded') throw this.superseded();
    await this.persistently(() => writeWaitsFor(this.deps.db, [this.migration], reason));
    this.log.info(reason);
    return { outcome: 'left', reason };
  }

  private async stoppedByOperator(outcome: 'paused' | 'cancelled'): Promise<RunMigrationResult> {
    const written = await this.write(outcome, null);
    if (written === 'withdrawn') throw retryIn(AT_ONCE, 'the operator wants it to go on');
    // The operator's command has changed the row itself. That is why this attempt was stopped.
    if (written === 'superseded') this.log.debug('the row was changed already');
    return { outcome };
  }

  private async threw({
    during,
    error: thrown,
    batch: failedBatch,
    detail,
  }: Extract<AttemptEnd, { kind: 'threw' }>): Promise<never> {
    const verdict = decide(during, thrown);
    if (verdict === 'superseded') {
      await this.write('superseded', null);
      throw this.superseded();
    }
    const { attempt, progress, maxFailures } = this.concluded;
    const full = this.deps.settings.LRM_ERROR_DETAIL === 'full' && detail ? { detail } : {};
    const log = this.log.child({ ...errorFields(thrown), ...full });
    const where = failedBatch ? ` ${batchText(failedBatch)}` : '';
    const text = this.reverting + errorText(during, thrown) + where;
    const errorUnknown = verdict === 'unknown';
    const before = progress.progressed
      ? { all: 0, unknown: 0 }
      : await this.persistently(() =>
          failuresInARow(this.deps.db, this.migration, attempt.number - 1),
        );
    const unknown = before.unknown + 1;
    if (verdict === 'fail' || (errorUnknown && unknown >= maxFailures)) {
      const error = `${text}. ${during === 'verify' ? afterVerify(this.migration) : advice(this.migration, verdict, unknown)}`;
      const written = await this.write('failed', error, { errorUnknown, failedBatch });
      if (written === 'superseded') throw this.superseded();
      log.error(error);
      throw failed(error);
    }
    const delay = retryDelay(this.deps.settings, before.all + 1);
    const limit = errorUnknown ? `; after ${maxFailures} without progress it counts as failed` : '';
    const error = `${text}. It is retried automatically (failure ${before.all + 1} in a row${limit}).`;
    if ((await this.write('retried', error, { errorUnknown, failedBatch })) === 'superseded') {
      // The error came from the newer claim, which has ended this attempt's sessions.
      log.info('stopped: superseded');
      throw this.superseded();
    }
    log.warn({ nextInMs: delay }, error);
    await this.temporal.statusChanged();
    throw retryIn(delay, error);
  }

  private get reverting(): string {
    return this.concluded.direction === 'revert' ? REVERT_FAILED : '';
  }

  private async write(
    outcome: AttemptOutcome,
    error: string | null,
    { move = true, errorUnknown = false, failedBatch, onItsServer = false }: WriteOptions = {},
  ): Promise<Written> {
    const { attempt, progress, metrics, trace, end } = this.concluded;
    const ending = { attempt, onItsServer, outcome, error, errorUnknown, failedBatch, progress };
    const written = await this.persistently(() => writeOutcome(this.deps.db, ending, move));
    const thrown = end.kind === 'threw' ? errorFields(end.error) : { errorClass: 'ours' };
    const counted = COUNTS_AS[written] ?? outcome;
    metrics.ended(counted, error === null ? undefined : thrown.errorClass);
    const rows = progress.doneHere;
    trace.end({ outcome: counted, rows, error: error === null ? undefined : thrown });
    return written;
  }

  /** Tries until the database answers: run() must not be repeated only because it restarts. */
  private async persistently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch {
        // The claim of the next attempt writes an end to this attempt's row.
        if (performance.now() + AGAIN > this.until()) {
          this.log.warn('could not write the outcome: the database did not answer');
          throw retryIn(
            this.deps.settings.LRM_RETRY_INITIAL_INTERVAL,
            'the database did not answer when the attempt ended; its outcome is not known',
          );
        }
        await sleep(AGAIN);
      }
    }
  }

  private until(): number {
    // A worker that has to stop soon cannot wait long.
    const patience = this.temporal.signal.aborted
      ? PATIENCE_WHEN_STOPPED
      : Number.POSITIVE_INFINITY;
    return Math.min(this.concluded.deadline, this.endedAt + patience);
  }

  private superseded(): ApplicationFailure {
    return retryIn(
      this.deps.settings.LRM_RETRY_INITIAL_INTERVAL,
      `this attempt of ${this.migration} was superseded by a newer one`,
    );
  }
}

/** The walks of run() are complete: a retry does none of their rows again. */
const afterVerify = (migration: string): string =>
  `Fix the job or the data, then type: npx lrm retry ${migration} (with --from-start, what its walks have done is done again)`;

/** Without its keys, which are values of rows: this goes to Temporal and to logs. */
const batchText = ({ rows, table, walk }: FailedBatch): string =>
  `in a batch of ${rows} ${rows === 1 ? 'row' : 'rows'} of ${plainText(table)} (walk '${plainText(walk)}')`;

function advice(migration: string, verdict: 'fail' | 'unknown', failures: number): string {
  const why =
    verdict === 'fail'
      ? 'Another attempt would fail in the same way'
      : failures === 1
        ? 'It made no progress, and one failure without any is the limit'
        : `${failures} failures in a row without progress`;
  return `${why}: fix the job or the data, then type: npx lrm retry ${migration}`;
}
