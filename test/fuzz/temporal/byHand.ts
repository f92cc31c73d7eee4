import { randomUUID } from 'node:crypto';
import { msToTs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import type { TestServers } from '../../support/devServers';

type Failure = temporal.api.failure.v1.IFailure;
type Payload = temporal.api.common.v1.IPayload;

const RUN = 'long-running-migrations';
const { CommandType, EventType, TimeoutType } = temporal.api.enums.v1;
const { COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK, COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION } =
  CommandType;

/** How one activity ended that another workflow had scheduled on our task queue. */
export interface Ended {
  readonly how: 'completed' | 'failed' | 'timed out';
  readonly failure?: Failure | null | undefined;
}

/**
 * Schedules an activity on our task queue as any other application could: from a workflow of its own,
 * whose tasks are answered here by hand.
 */
export async function activityByHand(
  { client, namespace }: TestServers,
  activityType: string,
  payloads: Payload[],
): Promise<Ended> {
  const taskQueue = { name: `by-hand-${randomUUID()}` };
  const of = { namespace, identity: 'by hand' };
  const run = await client.workflow.start('byHand', {
    taskQueue: taskQueue.name,
    workflowId: taskQueue.name,
  });
  const answer = async (commands: temporal.api.command.v1.ICommand[]) => {
    const task = await client.withDeadline(Date.now() + 30_000, () =>
      client.workflowService.pollWorkflowTaskQueue({ ...of, taskQueue }),
    );
    await client.workflowService.respondWorkflowTaskCompleted({
      ...of,
      taskToken: task.taskToken,
      commands,
    });
  };
  try {
    await answer([
      {
        commandType: COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        scheduleActivityTaskCommandAttributes: {
          activityId: '1',
          activityType: { name: activityType },
          taskQueue: { name: RUN },
          input: { payloads },
          scheduleToCloseTimeout: msToTs('20 seconds'),
          retryPolicy: { initialInterval: msToTs('100 ms'), maximumAttempts: 3 },
        },
      },
    ]);
    // The next task comes when the activity has ended.
    await answer([
      {
        commandType: COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
        completeWorkflowExecutionCommandAttributes: {},
      },
    ]);
    return endOf((await run.fetchHistory()).events ?? []);
  } finally {
    await run.terminate().catch(() => {});
  }
}

function endOf(events: temporal.api.history.v1.IHistoryEvent[]): Ended {
  for (const event of events) {
    if (event.eventType === EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
      return { how: 'completed' };
    if (event.eventType === EventType.EVENT_TYPE_ACTIVITY_TASK_FAILED) {
      return { how: 'failed', failure: event.activityTaskFailedEventAttributes?.failure };
    }
    const timedOut = event.activityTaskTimedOutEventAttributes?.failure;
    if (timedOut) {
      const type = TimeoutType[timedOut.timeoutFailureInfo?.timeoutType ?? 0];
      return { how: 'timed out', failure: timedOut.cause ?? { message: `${type}` } };
    }
  }
  throw new Error('the activity has not ended');
}
