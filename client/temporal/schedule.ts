import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleClient,
  ScheduleOverlapPolicy,
  type ScheduleUpdateOptions,
} from '@temporalio/client';
import { SCHEDULE_ID, type Settings, TASK_QUEUE, WORKFLOW_ID } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';
import { ABOUT_SCHEDULE, ABOUT_TICK } from '../../workflows/about';

/** The tick only starts the run. A tick that can't (a broken worker) must not block the next ones. */
const TICK_TIMEOUT = '1 minute';
/** Missed ticks need no catching up: the next one finds all that is pending. */
const CATCHUP_WINDOW = '1 minute';
/** Temporal rounds intervals to seconds. Milliseconds. */
const SHORTEST_INTERVAL = 1_000;

/**
 * Creates the Schedule, or updates it. A paused Schedule stays paused and keeps its note.
 * @throws UsageError when LRM_INTERVAL is shorter than a second
 */
export async function createOrUpdateSchedule(
  client: Client,
  settings: Settings,
): Promise<'created' | 'updated'> {
  if (settings.LRM_INTERVAL < SHORTEST_INTERVAL) {
    throw new UsageError('LRM_INTERVAL: a Schedule needs at least 1 second');
  }
  const options = scheduleOptions(settings);
  const schedules = unencrypted(client);
  try {
    await schedules.create({
      scheduleId: SCHEDULE_ID,
      ...options,
      // Temporal can't change a Schedule's memo later.
      memo: { about: ABOUT_SCHEDULE },
      state: { note: ABOUT_SCHEDULE },
    });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  await schedules.getHandle(SCHEDULE_ID).update(({ state }) => ({
    ...options,
    state: { ...state, note: state.note ?? ABOUT_SCHEDULE },
  }));
  return 'updated';
}

/**
 * The Schedule holds nothing but our own fixed texts. Encrypted, they would need the key of the day
 * on which it was created for as long as it exists.
 */
const unencrypted = ({ connection, options: { namespace, identity } }: Client): ScheduleClient =>
  new ScheduleClient({ connection, namespace, identity });

function scheduleOptions(settings: Settings): Omit<ScheduleUpdateOptions, 'state'> {
  return {
    spec: { intervals: [{ every: settings.LRM_INTERVAL }] },
    action: {
      ...ABOUT_TICK,
      type: 'startWorkflow',
      workflowType: 'tickLongRunningMigrations',
      // Temporal appends the time to this ID. The tick then starts the run under its fixed ID.
      workflowId: `${WORKFLOW_ID}-tick`,
      taskQueue: TASK_QUEUE,
      args: [],
      workflowExecutionTimeout: TICK_TIMEOUT,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW },
  };
}
