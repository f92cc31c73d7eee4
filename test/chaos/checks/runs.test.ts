import { expect, test } from '@jest/globals';
import { msToTs } from '@temporalio/common/lib/time';
import { temporal } from '@temporalio/proto';
import { useDevServers } from '../../support/devServers';
import type { CheckContext } from './context';
import { runs } from './runs';

const servers = useDevServers({ empty: true });

const SECRET = 'row-value-of-runs';

const found = async (more: Partial<CheckContext> = {}): Promise<string[]> => {
  const context = {
    sql: servers.sql,
    client: servers.client,
    folder: '',
    migrations: [],
    faults: [],
    workers: [],
    memory: [],
    secret: SECRET,
    ...more,
  };
  const texts = (await runs(context)).map(({ what }) => what);
  return texts.map((text) => text.replace(/run [0-9a-f-]{36}/, 'run R')).sort();
};

test('finds a failed workflow task, an activity that is waited for, and a row value', async () => {
  const { client, namespace } = servers;
  const taskQueue = 'of-the-test';
  const start = (workflowId: string, args: unknown[]) =>
    client.workflow.start('waits', { workflowId, taskQueue, args });
  await start('quiet', []);
  // A run that nobody has looked at yet is not stuck.
  expect(await found()).toEqual([]);
  await client.workflow.getHandle('quiet').terminate();

  await start('stuck', [SECRET]);
  const { workflowService } = client;
  const poll = async () => {
    const task = { namespace, taskQueue: { name: taskQueue }, identity: 'test' };
    const until = Date.now() + 30_000;
    const { taskToken } = await client.connection.withDeadline(until, () =>
      workflowService.pollWorkflowTaskQueue(task),
    );
    return { namespace, taskToken };
  };
  const from = Date.now();
  await workflowService.respondWorkflowTaskFailed({
    ...(await poll()),
    cause:
      temporal.api.enums.v1.WorkflowTaskFailedCause
        .WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE,
    failure: { message: 'can not go on' },
  });
  await workflowService.respondWorkflowTaskCompleted({
    ...(await poll()),
    commands: [
      {
        commandType: temporal.api.enums.v1.CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        scheduleActivityTaskCommandAttributes: {
          activityId: '0001_a',
          activityType: { name: 'runMigration' },
          taskQueue: { name: taskQueue },
          startToCloseTimeout: msToTs('1 minute'),
        },
      },
    ],
  });
  const always = [
    "the history of waits stuck, run R holds a row's value",
    'waits stuck, run R waits for 0001_a',
  ];
  expect(await found()).toEqual([
    'a workflow task of waits stuck, run R failed: can not go on',
    ...always,
  ]);
  const fault = { kind: 'deploy', part: 'worker' as const, from, upto: Date.now() };
  expect(await found({ faults: [fault] })).toEqual(always);
});
