import { expect, test } from '@jest/globals';
import { tsToMs } from '@temporalio/common/lib/time';
import { useDevServers } from '../support/devServers';
import { waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();

// Else the death of a worker that lists would hold up everything for the five minutes of a listing.
test('a listing that has to wait beats, and Temporal misses its worker within half a minute', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_listed', 'exports.run = async () => {};');
  await servers.startWorker({ jobs });
  await servers.succeeds('register', '0001_listed');
  const release = await lockMigrations();
  await servers.succeeds('run');
  const run = servers.client.workflow.getHandle('long-running-migrations');
  const beats = async () => {
    const { raw } = await run.describe();
    const listing = raw.pendingActivities?.find(
      ({ activityType }) => activityType?.name === 'listPendingMigrations',
    );
    return listing?.lastHeartbeatTime ? tsToMs(listing.lastHeartbeatTime) : undefined;
  };
  const first = await waitFor('the listing to beat', beats);
  await waitFor('it to go on beating', async () => ((await beats()) ?? first) > first);
  await release();
  await waitForMigration(servers, '0001_listed', 'complete', (row) => row.status === 'completed');
  const { events } = await run.fetchHistory();
  const timeouts = events
    ?.map(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled)
    .filter((scheduled) => scheduled?.activityType?.name === 'listPendingMigrations')
    .map((scheduled) => tsToMs(scheduled?.heartbeatTimeout ?? undefined));
  expect(new Set(timeouts)).toEqual(new Set([30_000]));
});

/** Nobody can read our rows until the returned function is called. */
async function lockMigrations(): Promise<() => Promise<void>> {
  const session = await servers.sql.reserve();
  await session`begin`;
  await session`lock table long_running_migrations.migrations in access exclusive mode`;
  return async () => {
    await session`commit`;
    session.release();
  };
}
