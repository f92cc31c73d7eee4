import {
  type Client,
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
  type ScheduleUpdateOptions,
} from '@temporalio/client';
import { SCHEDULE_ID, type Settings, TASK_QUEUE, WORKFLOW_ID } from '../../settings/settings';
import { UsageError } from '../../settings/usageError';

/** Shown in the Web UI beside the Schedule. */
const NOTE =
  'Looks for registered data migrations that are not finished and runs them. ' +
  'Pausing it stops new runs, not the one that is going. Status: npx lrm status';

/** The tick only starts the run. One that can't (a broken worker) must not stay and block the next. */
const TICK_TIMEOUT = '1 minute';
/** Ticks that were missed needn't be made up for: the next one finds whatever is pending. */
const CATCHUP_WINDOW = '1 minute';
/** Temporal's own resolution. */
const SHORTEST_INTERVAL = 1_000;

/**
 * Creates the Schedule, or brings it up to date. A paused one stays paused, with its note.
 * @throws UsageError when LRM_INTERVAL is shorter than a second
 */
export async function createOrUpdateSchedule(
  client: Client,
  settings: Settings,
): Promise<'created' | 'updated'> {
  if (settings.LRM_INTERVAL < SHORTEST_INTERVAL) {
    throw new UsageError('LRM_INTERVAL: a Schedule needs 1 second at least');
  }
  const options = scheduleOptions(settings);
  try {
    await client.schedule.create({
      scheduleId: SCHEDULE_ID,
      ...options,
      state: { note: NOTE },
    });
    return 'created';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
  await client.schedule
    .getHandle(SCHEDULE_ID)
    .update(({ state }) => ({ ...options, state: { ...state, note: state.note ?? NOTE } }));
  return 'updated';
}

function scheduleOptions(settings: Settings): Omit<ScheduleUpdateOptions, 'state'> {
  return {
    spec: { intervals: [{ every: settings.LRM_INTERVAL }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'tickLongRunningMigrations',
      // The Schedule appends the time: the run's fixed ID is given by the tick.
      workflowId: `${WORKFLOW_ID}-tick`,
      taskQueue: TASK_QUEUE,
      args: [],
      workflowExecutionTimeout: TICK_TIMEOUT,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_WINDOW },
  };
}
