import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ActivityCancellationDetails, ApplicationFailure } from '@temporalio/common';
import type { TemporalAttempt } from './attempt/temporalAttempt';
import type { RunMigrationResult } from './contract';
import type { Deps } from './deps';
import { limitsFor } from './limitsFor';
import { runMigration } from './runMigration';
import { withSafeErrors } from './safeErrors';

/** How attempts without Temporal run. */
export interface WithoutTemporal {
  /** Names the audit rows of these attempts, in place of Temporal's run ID. */
  readonly runId?: string;
  /** False: without throttling. */
  readonly throttled: boolean;
  /** Aborted: the attempt stops at a safe point, its row stays in_progress, and no other begins. */
  readonly signal: AbortSignal;
  /** Called with an attempt's error, and the milliseconds until the next one. */
  readonly onRetry?: (error: string, delay: number) => void;
}

/**
 * Runs attempts of one migration, one after the other, until it ends: what Temporal does with the
 * activity, with the same claim, fence, limits and rows.
 * @param file the job's code
 * @throws ApplicationFailure 'MigrationFailed' when it has failed for good; the signal's reason when
 *   it was stopped
 */
export async function runWithoutTemporal(
  deps: Deps,
  name: string,
  file: string,
  { runId = `inline-${randomUUID()}`, throttled, signal, onRetry }: WithoutTemporal,
): Promise<RunMigrationResult> {
  const { startToClose, heartbeatTimeout } = await limitsFor(deps, file);
  for (;;) {
    signal.throwIfAborted();
    const attempt: TemporalAttempt = {
      runId,
      scheduledAt: new Date(),
      startToClose,
      heartbeatTimeout,
      signal,
      cancellation: () => new ActivityCancellationDetails({ workerShutdown: true }),
      heartbeat: () => {},
      statusChanged: async () => {},
      began: async () => {},
    };
    try {
      return await withSafeErrors(deps, () => runMigration(deps, { name, throttled }, attempt));
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.type !== 'AttemptRetried') throw error;
      signal.throwIfAborted();
      const delay = Number(error.nextRetryDelay ?? 1);
      onRetry?.(error.message, delay);
      await sleep(delay, undefined, { signal }).catch(() => {});
    }
  }
}
