import { Context } from '@temporalio/activity';
import type { Activities } from './contract';
import type { Deps } from './deps';
import { listPendingMigrations } from './listPendingMigrations';
import { runMigration } from './runMigration';

/** Name of the signal by which a run renews its Current Details and lists again. */
export const STATUS_CHANGED = 'statusChanged';

/** The activities of the task queue, on these connections and settings. */
export function createActivities(deps: Deps): Activities {
  return {
    listPendingMigrations: (input) => listPendingMigrations(deps, input),
    runMigration: (input) => {
      // Taken now: outside of the activity's own course Context.current() throws.
      const context = Context.current();
      const { info } = context;
      return runMigration(deps, input, {
        runId: info.workflowExecution?.runId ?? '',
        scheduledAt: new Date(info.currentAttemptScheduledTimestampMs),
        startToClose: info.startToCloseTimeoutMs,
        heartbeatTimeout: info.heartbeatTimeoutMs ?? deps.settings.LRM_HEARTBEAT_TIMEOUT,
        signal: context.cancellationSignal,
        cancellation: () => context.cancellationDetails,
        heartbeat: (details) => context.heartbeat(details),
        statusChanged: () => tellRun(deps, context),
      });
    },
  };
}

/** Best effort: the row says the same, and the next listing renews the details anyway. */
async function tellRun(deps: Deps, context: Context): Promise<void> {
  const workflowId = context.info.workflowExecution?.workflowId;
  if (!workflowId) return;
  try {
    await context.client.workflow.getHandle(workflowId).signal(STATUS_CHANGED);
  } catch {
    deps.log.debug('the run could not be told that a status changed');
  }
}
