import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import type { Activities, Listing, Ready, RunMigrationResult } from '../activities/contract';
import type { Finalize } from './contract';
import type { RunRecord } from './runRecord';

/** Starts the activity that runs a migration. It is in `record.running` until it has ended. */
export function startActivity(
  record: RunRecord,
  { name, startToCloseTimeout, heartbeatTimeout, revert }: Ready,
  { retryInitialInterval }: Listing['settings'],
  finalize?: Finalize,
): void {
  const { runMigration } = proxyActivities<Activities>({
    // The migration's name, for `temporal activity pause --activity-id 0001_sample`.
    activityId: name,
    summary: revert ? `${name}: revert` : name,
    startToCloseTimeout,
    heartbeatTimeout,
    // With the default, a job could go on after the run has closed.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    // No back-off: a lost worker costs one interval. An error brings its own delay with it.
    retry: { initialInterval: retryInitialInterval, backoffCoefficient: 1 },
  });
  const throttled = finalize?.throttled ?? true;
  const { installation } = record;
  const scope = new CancellationScope();
  const ended = follow(
    record,
    name,
    scope.run(() => runMigration({ name, throttled, ...(installation && { installation }) })),
  );
  record.running.set(name, { scope, ended, finalize });
}

/** Waits until all activities have ended. */
export async function waitForAll({ running }: RunRecord): Promise<void> {
  await Promise.all([...running.values()].map(({ ended }) => ended));
}

async function follow(
  record: RunRecord,
  name: string,
  result: Promise<RunMigrationResult>,
): Promise<void> {
  try {
    count(record, name, await result);
  } catch (error) {
    if (isMigrationFailed(error)) {
      record.results.add('failed', name);
      record.board.ended(name, 'failed');
    } else if (!isCancellation(error)) {
      record.skipForNow(name, 'its activity failed; see its history');
    }
  } finally {
    record.running.delete(name);
    record.stale = true;
    record.show();
  }
}

function count(
  record: RunRecord,
  name: string,
  { outcome, reason, skipped }: RunMigrationResult,
): void {
  if (outcome === 'left') record.skipForNow(name, reason ?? 'its worker did not run it');
  else {
    record.results.add(
      outcome === 'completed' || outcome === 'reverted' ? outcome : 'stopped',
      name,
    );
    record.board.ended(name, outcome, skipped);
  }
}

function isMigrationFailed(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'MigrationFailed'
  );
}
