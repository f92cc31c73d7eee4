import { Context } from '@temporalio/activity';
import { beatInterval } from '../drizzle/rows/beat';
import type { HeartbeatDetails } from './attempt/progress';
import type { TemporalAttempt } from './attempt/temporalAttempt';
import type { Activities } from './contract';
import type { Deps } from './deps';
import { readListInput, readRunMigrationInput, requireRun } from './inputs';
import { listPendingMigrations } from './listPendingMigrations';
import { runMigration } from './runMigration';
import { withSafeErrors } from './safeErrors';

/** Name of the signal that makes a run list again and renew its Current Details. */
export const STATUS_CHANGED = 'statusChanged';

/** The activities of the task queue, with these connections and settings. */
export function createActivities(deps: Deps): Activities {
  return {
    listPendingMigrations: async (given) => {
      deps.metrics.start();
      const context = Context.current();
      requireRun(context.info.workflowExecution?.workflowId);
      const input = readListInput(given);
      const own = { ...deps, log: logOf(deps, context) };
      return withSafeErrors(own, () => beating(context, () => listPendingMigrations(own, input)));
    },
    runMigration: async (given) => {
      deps.metrics.start();
      // Taken here: Context.current() throws in callbacks that run outside of the activity.
      const context = Context.current();
      const { info } = context;
      requireRun(info.workflowExecution?.workflowId);
      const input = readRunMigrationInput(given);
      const temporal: TemporalAttempt = {
        runId: info.workflowExecution?.runId ?? '',
        seen: attemptIn(info.heartbeatDetails),
        scheduledAt: new Date(info.currentAttemptScheduledTimestampMs),
        startToClose: info.startToCloseTimeoutMs,
        heartbeatTimeout: info.heartbeatTimeoutMs ?? deps.settings.LRM_HEARTBEAT_TIMEOUT,
        signal: context.cancellationSignal,
        cancellation: () => context.cancellationDetails,
        heartbeat: (details) => context.heartbeat(details),
        statusChanged: () => notifyRun(deps, context),
        began: (began, attempt) => notifyRun(deps, context, { began, attempt }),
      };
      const own = { ...deps, log: logOf(deps, context) };
      const failed = { ...own, log: own.log.child({ migration: input.name }) };
      return withSafeErrors(failed, () => runMigration(own, input, temporal));
    },
  };
}

/** Beats until `body` has ended. The run of an older release asks for no heartbeats. */
async function beating<T>(context: Context, body: () => Promise<T>): Promise<T> {
  const timeout = context.info.heartbeatTimeoutMs;
  const timer = timeout && setInterval(() => context.heartbeat(), beatInterval(timeout));
  try {
    return await body();
  } finally {
    clearInterval(timer);
  }
}

/** Anybody with Temporal's CLI can send a heartbeat. */
function attemptIn(details: unknown): number | undefined {
  const { attempt } = (details ?? {}) as Partial<HeartbeatDetails>;
  return Number.isSafeInteger(attempt) ? attempt : undefined;
}

/** So that a line can be found from the run, and the run from a line. */
function logOf({ log, traces }: Deps, { info }: Context): Deps['log'] {
  const { workflowId, runId } = info.workflowExecution ?? {};
  return log.child({ workflowId, runId, ...traces.logFields() });
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
