import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import type { temporal } from '@temporalio/proto';
import type { HeartbeatDetails } from '../../activities/attempt/progress';
import { isNotFound } from '../../activities/explainTemporal';
import { plainText } from '../../settings/plainText';
import { SCHEDULE_ID, WORKFLOW_ID } from '../../settings/settings';
import { keyProblemText } from './failureText';
import { RUN_TYPE } from './run';
import { type RunProgress, readTask, runTrouble, type Trouble } from './runTrouble';
import { readWorkers, type Workers } from './workers';

/** What only Temporal knows. */
export interface TemporalState extends Workers {
  /** The run that is going; null when there is none. */
  readonly run: RunNow | null;
  /** By migration: activities whose attempt runs, or that wait for their next attempt. */
  readonly pending: ReadonlyMap<string, PendingAttempt>;
  /** Null when there is no Schedule. */
  readonly schedule: ScheduleState | null;
}

export interface RunNow extends RunProgress {
  readonly startedAt: Date;
}

export interface PendingAttempt {
  /** Paused in Temporal: in the Web UI or with its CLI. */
  readonly paused: boolean;
  /** Who paused it, and why. */
  readonly pausedBy: string | null;
  /** The attempt's last heartbeat. */
  readonly heartbeat: Partial<HeartbeatDetails> | null;
  /** When the next attempt starts; null while one runs. */
  readonly nextAttemptAt: Date | null;
  /** Why a worker could not decrypt what it got; null when it could. */
  readonly keyProblem: string | null;
}

export interface ScheduleState {
  readonly paused: boolean;
  readonly note: string | null;
  readonly next: Date | null;
}

/** People don't wait longer for a status. Milliseconds. */
const WITHIN = 2_500;
/** The value of Temporal's enum WorkflowExecutionStatus. */
const RUNNING = 1;

/** Asks Temporal for the run, the Schedule and the workers. */
export function readTemporalState(client: Client): Promise<TemporalState> {
  return client.connection.withDeadline(Date.now() + WITHIN, async () => {
    const [run, schedule, workers] = await Promise.all([
      describeRun(client),
      describeSchedule(client),
      readWorkers(client),
    ]);
    return { ...run, schedule, ...workers };
  });
}

/** Asks Temporal for the run and its activities. */
export async function describeRun(client: Client): Promise<Pick<TemporalState, 'run' | 'pending'>> {
  const run = await client.workflowService
    .describeWorkflowExecution({
      namespace: client.options.namespace,
      execution: { workflowId: WORKFLOW_ID },
    })
    .catch(nothingIfNotFound);
  const info = run?.workflowExecutionInfo;
  if (!run || info?.status !== RUNNING) return { run: null, pending: new Map() };
  const pending = new Map<string, PendingAttempt>();
  for (const activity of run.pendingActivities ?? []) {
    if (activity.activityId) pending.set(activity.activityId, await readPending(client, activity));
  }
  const task = await readTask(client, run.pendingWorkflowTask);
  const waitsForNothing = task === null && pending.size === 0;
  const type = info.type?.name ?? '';
  const otherType = type === RUN_TYPE ? null : plainText(type);
  const startedAt = date(info.startTime) ?? new Date();
  return { run: { startedAt, task, waitsForNothing, otherType }, pending };
}

/** Asks Temporal for the run, and for what keeps the run from going on. */
export async function readRun(
  client: Client,
): Promise<Pick<TemporalState, 'run' | 'pending'> & { trouble: Trouble | null }> {
  const [state, workers] = await Promise.all([describeRun(client), readWorkers(client)]);
  return { ...state, trouble: runTrouble(state.run, workers) };
}

async function readPending(
  client: Client,
  activity: temporal.api.workflow.v1.IPendingActivityInfo,
): Promise<PendingAttempt> {
  const [[heartbeat], keyProblem] = await Promise.all([
    decodeArrayFromPayloads(
      client.options.loadedDataConverter,
      activity.heartbeatDetails?.payloads,
    ),
    keyProblemText(client, activity.lastFailure, activity.lastWorkerIdentity),
  ]);
  const manual = activity.pauseInfo?.manual;
  return {
    paused: activity.paused === true,
    pausedBy: manual
      ? plainText([manual.identity, manual.reason].filter(Boolean).join(': '))
      : null,
    heartbeat: isObject(heartbeat) ? heartbeat : null,
    nextAttemptAt: date(activity.nextAttemptScheduleTime),
    keyProblem: keyProblem && plainText(keyProblem),
  };
}

async function describeSchedule(client: Client): Promise<ScheduleState | null> {
  try {
    const { state, info } = await client.schedule.getHandle(SCHEDULE_ID).describe();
    const next = info.nextActionTimes[0] ?? null;
    return { paused: state.paused, note: state.note ? plainText(state.note) : null, next };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

function nothingIfNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
  return undefined;
}

/** Converts a Protobuf time. Gives null for one that is not set: zero, or before 1970. */
function date(time: { seconds?: unknown; nanos?: number | null } | null | undefined): Date | null {
  const milliseconds = Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6;
  return milliseconds > 0 ? new Date(milliseconds) : null;
}

const isObject = (value: unknown): value is Partial<HeartbeatDetails> =>
  typeof value === 'object' && value !== null;
