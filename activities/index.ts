import { Context } from '@temporalio/activity';
import { TemporalFailure } from '@temporalio/common';
import { describeError } from '../jobs/process/describeError';
import { detailOf } from '../jobs/process/detail';
import { errorText } from './attempt/errorText';
import { retryIn } from './attempt/failures';
import type { TemporalAttempt } from './attempt/temporalAttempt';
import type { Activities } from './contract';
import type { Deps } from './deps';
import { listPendingMigrations } from './listPendingMigrations';
import { runMigration } from './runMigration';

/** Name of the signal that makes a run list again and renew its Current Details. */
export const STATUS_CHANGED = 'statusChanged';

/** The activities of the task queue, with these connections and settings. */
export function createActivities(deps: Deps): Activities {
  return {
    listPendingMigrations: (input) =>
      withSafeErrors(deps, () => listPendingMigrations(deps, input)),
    runMigration: (input) => {
      // Taken here: Context.current() throws in callbacks that run outside of the activity.
      const context = Context.current();
      const { info } = context;
      const temporal: TemporalAttempt = {
        runId: info.workflowExecution?.runId ?? '',
        scheduledAt: new Date(info.currentAttemptScheduledTimestampMs),
        startToClose: info.startToCloseTimeoutMs,
        heartbeatTimeout: info.heartbeatTimeoutMs ?? deps.settings.LRM_HEARTBEAT_TIMEOUT,
        signal: context.cancellationSignal,
        cancellation: () => context.cancellationDetails,
        heartbeat: (details) => context.heartbeat(details),
        statusChanged: () => notifyRun(deps, context),
        began: (began, attempt) => notifyRun(deps, context, { began, attempt }),
      };
      return withSafeErrors(deps, () => runMigration(deps, input, temporal));
    },
  };
}

/**
 * Replaces an unexpected error by our own text before Temporal sees it, since it may quote a row.
 * Most often the database is away.
 */
async function withSafeErrors<T>(deps: Deps, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TemporalFailure) throw error;
    const message = errorText('run', describeError(error));
    const full = deps.settings.LRM_ERROR_DETAIL === 'full' ? { detail: detailOf(error) } : {};
    deps.log.warn(full, message);
    throw retryIn(deps.settings.LRM_RETRY_INITIAL_INTERVAL, message);
  }
}

/** A signal may be lost: the row says the same, and the next listing renews the details anyway. */
async function notifyRun(deps: Deps, context: Context, ...news: object[]): Promise<void> {
  const workflowId = context.info.workflowExecution?.workflowId;
  if (!workflowId) return;
  try {
    await context.client.workflow.getHandle(workflowId).signal(STATUS_CHANGED, ...news);
  } catch {
    deps.log.debug('could not notify the run that a status changed');
  }
}
