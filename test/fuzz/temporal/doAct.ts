import { randomUUID } from 'node:crypto';
import { expect } from '@jest/globals';
import { isGrpcServiceError, ScheduleOverlapPolicy } from '@temporalio/client';
import { defaultPayloadConverter, WorkflowNotFoundError } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { TestServers } from '../../support/devServers';
import type { Act, Edit } from './acts';
import { activityByHand } from './byHand';

const RUN = 'long-running-migrations';
const { QueryRejectCondition, UpdateWorkflowExecutionLifecycleStage } = temporal.api.enums.v1;

/** Does one act. What Temporal itself refuses has no effect. */
export async function doAct(servers: TestServers, act: Act): Promise<void> {
  if (act.kind === 'activity') return requireClear(servers, act);
  if (act.kind === 'schedule') return editSchedule(servers, act.edit);
  await unlessRefused(async () => {
    const { client, namespace } = servers;
    const service = client.workflowService;
    const workflowExecution = { workflowId: RUN };
    const of = { namespace, workflowExecution };
    switch (act.kind) {
      case 'start':
        return service.startWorkflowExecution({
          ...{ namespace, requestId: randomUUID(), workflowId: act.id },
          ...{ workflowType: { name: act.type }, taskQueue: { name: RUN } },
          input: { payloads: act.input },
          memo: { fields: { about: defaultPayloadConverter.toPayload('<img>') as object } },
        });
      case 'signal': {
        const input = { payloads: act.input };
        return service.signalWorkflowExecution({ ...of, signalName: act.name, input });
      }
      case 'query': {
        const query = { queryType: act.name, queryArgs: { payloads: act.input } };
        const queryRejectCondition = QueryRejectCondition.QUERY_REJECT_CONDITION_NONE;
        return service.queryWorkflow({
          namespace,
          execution: workflowExecution,
          query,
          queryRejectCondition,
        });
      }
      case 'update':
        return service.updateWorkflowExecution({
          ...of,
          waitPolicy: {
            lifecycleStage:
              UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED,
          },
          request: {
            meta: { updateId: randomUUID() },
            input: { name: act.name, args: { payloads: act.input } },
          },
        });
      case 'reset':
        return service.resetWorkflowExecution({
          ...{ ...of, reason: 'by hand', requestId: randomUUID() },
          workflowTaskFinishEventId: act.event as never,
        });
      default:
        return client.workflow.getHandle(RUN)[act.kind]();
    }
  });
}

async function unlessRefused(send: () => PromiseLike<unknown>): Promise<void> {
  try {
    await send();
  } catch (error) {
    if (!isGrpcServiceError(error) && !(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** An activity of the run that somebody else has scheduled ends at once, and its error says why. */
async function requireClear(
  servers: TestServers,
  { type, input }: Extract<Act, { kind: 'activity' }>,
): Promise<void> {
  const { how, failure } = await activityByHand(servers, type, input);
  const { message, applicationFailureInfo } = failure ?? {};
  const said = { type, how, message, final: applicationFailureInfo?.nonRetryable };
  if (type === 'runMigration' || type === 'listPendingMigrations') {
    expect(said).toEqual({
      ...{ type, how: 'failed', final: true },
      message: expect.stringMatching(
        /^(only the run with the workflow ID|the input of).*npx lrm run$/,
      ),
    });
  } else {
    expect(said).toMatchObject({
      how: 'failed',
      message: expect.stringMatching(/not registered|not found/),
    });
  }
}

async function editSchedule(servers: TestServers, edit: Edit): Promise<void> {
  await servers.succeeds('schedule');
  const schedule = servers.client.schedule.getHandle(RUN);
  await schedule.update((old) => {
    const { action, policies, state, spec } = old;
    switch (edit) {
      case 'overlap':
        return { ...old, policies: { ...policies, overlap: ScheduleOverlapPolicy.ALLOW_ALL } };
      case 'arguments':
        return { ...old, action: { ...action, args: [null, { a: 1 }, 'x'] } };
      case 'paused':
        return { ...old, state: { ...state, paused: true, note: '<img>' } };
      case 'the run itself':
        return {
          ...old,
          action: { ...action, workflowType: 'executeLongRunningMigrations', workflowId: RUN },
        };
      case 'another workflow':
        return {
          ...old,
          action: { ...action, workflowType: 'noSuchWorkflow', workflowRunTimeout: 2_000 },
        };
      default:
        return { ...old, spec: { ...spec, intervals: [{ every: 1_000_000 }] } };
    }
  });
  await schedule.trigger(ScheduleOverlapPolicy.ALLOW_ALL);
}
