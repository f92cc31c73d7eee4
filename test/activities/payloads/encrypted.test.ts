import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { encrypting } from '../../../activities/payloads/dataConverter';
import { lrmWith, UNTIL_GATE_OPENS } from '../../client/lrm';
import { useDevServers } from '../../support/devServers';
import type { JobsFolder } from '../../support/jobsFolder';
import { attempts, migration, register, resultOf } from '../../support/migrations';
import { waitFor } from '../../support/waitFor';
import { keysOf, payloadKey } from './keys';

const servers = useDevServers();
let jobs: JobsFolder;
const QUICK = {
  LRM_HEARTBEAT_TIMEOUT: '1 second',
  LRM_RETRY_INITIAL_INTERVAL: '100 ms',
  LRM_MAX_FAILURES: '1',
};
const keyed = (...ids: string[]) => ({ ...QUICK, LRM_PAYLOAD_KEY: payloadKey(...ids) });

beforeAll(async () => {
  jobs = servers.jobsFolder();
  jobs.writeJob('0001_gate', UNTIL_GATE_OPENS);
  jobs.writeJob('0002_fails', `exports.run = async () => { throw new RangeError('hidden'); };`);
  await servers.sql`create table gate (open int)`;
});

afterEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await servers.sql`truncate gate`;
});

const openGate = () => servers.sql`insert into gate values (1)`;

/** The run, for a client with these keys. */
function run(...ids: string[]): WorkflowHandle {
  const client = new Client({
    connection: servers.client.connection,
    namespace: servers.namespace,
    dataConverter: encrypting(keysOf(...ids)),
  });
  return client.workflow.getHandle('long-running-migrations');
}

const describe = () =>
  servers.client.workflowService.describeWorkflowExecution({
    namespace: servers.namespace,
    execution: { workflowId: 'long-running-migrations' },
  });

/** Everything that Temporal keeps of the run, as text. */
async function history(): Promise<string> {
  const { events } = await run().fetchHistory();
  const bytes = (events ?? []).map((event) =>
    temporal.api.history.v1.HistoryEvent.encode(event).finish(),
  );
  return Buffer.concat(bytes).toString('latin1');
}

const heartbeat = () =>
  waitFor('a heartbeat', async () => {
    const [activity] = (await describe()).pendingActivities ?? [];
    return activity?.heartbeatDetails?.payloads?.[0];
  });

test('with a key, neither inputs, results, heartbeats nor errors can be read in Temporal', async () => {
  const worker = await servers.startWorker({ jobs, env: keyed('k1') });
  await register(servers, '0001_gate', '0002_fails');
  const lrm = lrmWith(servers, keyed('k1'));
  expect(await lrm('run')).toMatchObject({ code: 0 });
  const { metadata } = await heartbeat();
  expect(Buffer.from(metadata?.['encoding'] ?? []).toString()).toBe('binary/lrm-aes-256-gcm');
  // With the key, the same numbers are shown as without encryption.
  await waitFor('lrm status to show the progress', async () =>
    (await lrm('status')).stdout.match(/0001_gate +in_progress +\S+ +\d+ %.*10,000/),
  );
  await openGate();
  expect(await resultOf(run('k1'))).toMatchObject({
    completed: { names: ['0001_gate'] },
    failed: { names: ['0002_fails'] },
  });
  const text = await history();
  expect((await migration(servers, '0002_fails')).error).toContain('RangeError');
  for (const readable of ['RangeError', 'json/plain', 'retryInitialInterval', '0002_fails.js']) {
    expect(text).not.toContain(readable);
  }
  expect(text).toContain('Encoded failure');
  await worker.stop();
});

test('a key is set, missing, and followed by a new one while a migration is going', async () => {
  const plain = await servers.startWorker({ jobs, env: QUICK });
  await register(servers, '0001_gate');
  expect(await lrmWith(servers, QUICK)('run')).toMatchObject({ code: 0 });
  await heartbeat();
  await plain.stop();

  const first = await servers.startWorker({ jobs, env: keyed('k1') });
  await waitFor('a result encrypted with k1', async () => (await history()).includes('k1'));
  await waitFor('the second attempt', async () => {
    const [, second] = await attempts(servers, '0001_gate');
    return second;
  });
  first.kill('SIGKILL');
  await first.exited;

  const without = await servers.startWorker({ jobs, env: QUICK });
  const problem = 'LRM_PAYLOAD_KEY has no key with the ID k1 here: add it (docs/encryption.md)';
  await waitFor('the worker to log what is missing', () =>
    without.log().some((line) => JSON.stringify(line).includes(problem)),
  );
  // With the key, lrm can say which worker lacks it; without, that it lacks it itself.
  await waitFor('lrm status to say what is missing', async () => {
    const { stderr } = await lrmWith(servers, keyed('k1'))('status');
    return stderr.includes(`on the worker ${without.pid}@`) && stderr.includes(problem);
  });
  const { code, stdout, stderr } = await lrmWith(servers, QUICK)('status');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `lrm: ${problem}; this comes from Postgres alone\n`,
  });
  expect(stdout).toMatch('0001_gate');
  expect((await migration(servers, '0001_gate')).status).toBe('in_progress');
  expect(await attempts(servers, '0001_gate')).toHaveLength(2);
  expect((await describe()).workflowExecutionInfo?.status).toBe(1);
  await without.stop();

  const rotated = await servers.startWorker({ jobs, env: keyed('k2', 'k1') });
  await openGate();
  expect(await resultOf(run('k1', 'k2'))).toMatchObject({ completed: { names: ['0001_gate'] } });
  expect((await attempts(servers, '0001_gate')).map(({ outcome }) => outcome)).toEqual([
    'interrupted',
    expect.anything(),
    'completed',
  ]);
  const text = await history();
  for (const each of ['json/plain', 'k1', 'k2']) expect(text).toContain(each);
  await rotated.stop();
});

test('the Schedule stays readable, so that no key has to be kept for it', async () => {
  expect(await lrmWith(servers, keyed('k1'))('schedule')).toMatchObject({ code: 0 });
  const { memo } = await servers.client.schedule.getHandle('long-running-migrations').describe();
  expect(memo?.['about']).toMatch('npx lrm status');
  expect(await lrmWith(servers, keyed('k2'))('schedule')).toMatchObject({ code: 0 });
});
