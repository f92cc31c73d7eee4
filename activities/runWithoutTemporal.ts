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
  /** True: one attempt of some seconds, which leaves the migration to a worker if there is work. */
  readonly onlyIfEmpty?: boolean;
  /** True: neither `dependsOn` nor `ready()` is looked at. */
  readonly regardless?: boolean;
  /** Aborted: the attempt stops at a safe point, its row stays in_progress, and no other begins. */
  readonly signal: AbortSignal;
  /** Called with an attempt's error, and the milliseconds until the next one. */
  readonly onRetry?: (error: string, delay: number) => void;
}

/**
 * Of an attempt that may only find out that there is nothing to do: ten seconds for run(), and then
 * four of grace and two to write the outcome. Milliseconds.
 */
const ONLY_IF_EMPTY = 16_000;

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
  {
    runId = `inline-${randomUUID()}`,
    throttled,
    onlyIfEmpty = false,
    regardless = false,
    signal,
    onRetry,
  }: WithoutTemporal,
): Promise<RunMigrationResult> {
  const limits = await limitsFor(deps, file);
  const { heartbeatTimeout } = limits;
  const startToClose = onlyIfEmpty
    ? Math.min(ONLY_IF_EMPTY, limits.startToClose)
    : limits.startToClose;
  for (;;) {
    signal.throwIfAborted();
    const attempt: TemporalAttempt = {
      runId,
      seen: undefined,
      scheduledAt: null,
      startToClose,
      heartbeatTimeout,
      signal,
      cancellation: () => new ActivityCancellationDetails({ workerShutdown: true }),
      heartbeat: () => {},
      statusChanged: async () => {},
      began: async () => {},
    };
    try {
      return await withSafeErrors(deps, () =>
        runMigration(deps, { name, throttled, onlyIfEmpty, regardless }, attempt),
      );
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.type !== 'AttemptRetried') throw error;
      signal.throwIfAborted();
      if (onlyIfEmpty) return { outcome: 'left', reason: `left for a worker: ${error.message}` };
      const delay = Number(error.nextRetryDelay ?? 1);
      onRetry?.(error.message, delay);
      await sleep(delay, undefined, { signal }).catch(() => {});
    }
  }
}
