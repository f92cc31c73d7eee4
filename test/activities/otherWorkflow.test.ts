import { beforeAll, expect, test } from '@jest/globals';
import { defaultPayloadConverter } from '@temporalio/common';
import { activityByHand } from '../fuzz/temporal/byHand';
import { useDevServers } from '../support/devServers';
import { migration, register } from '../support/migrations';

// Anybody who reaches Temporal can schedule an activity on our task queue.
const servers = useDevServers();
const NAME = '0001_quick';

beforeAll(async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(NAME, 'exports.run = async () => {};');
  await servers.startWorker({ jobs });
  await register(servers, NAME);
});

test.each<[string, string, unknown]>([
  ['runMigration', 'a right input', { name: NAME, throttled: true }],
  ['runMigration', 'no dependencies to look at', { name: NAME, throttled: true, regardless: true }],
  ['runMigration', 'no input', undefined],
  ['runMigration', 'null', null],
  ['listPendingMigrations', 'a right input', { running: [], extra: 0, skip: [] }],
  ['listPendingMigrations', 'a text', 'x'],
])('%s is refused when another workflow calls it with %s', async (activity, _, input) => {
  const payloads = input === undefined ? [] : [defaultPayloadConverter.toPayload(input) as object];
  const { how, failure } = await activityByHand(servers, activity, payloads);
  expect({ how, message: failure?.message }).toEqual({
    how: 'failed',
    message: expect.stringMatching(
      /^only the run with the workflow ID long-running-migrations may call this activity, not by-hand-\S+; type: npx lrm run$/,
    ),
  });
  expect(failure?.applicationFailureInfo?.nonRetryable).toBe(true);
  expect(await migration(servers, NAME)).toMatchObject({ status: 'created', attempts: 0 });
});
