import { tmpdir } from 'node:os';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { readSettings } from '../../settings/settings';
import { useDevServers } from '../support/devServers';
import { attempts, register, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';
import { lrmWith } from './lrm';

const servers = useDevServers();
const RUN = 'long-running-migrations';
const ORDERS = { LRM_DEPLOYMENT: 'orders' };
const QUICK = 'exports.run = async () => {};';

const checks = async (...env: NodeJS.ProcessEnv[]) => {
  const { stdout } = await lrmWith(servers, Object.assign({}, ...env))('doctor', '--json');
  return JSON.parse(stdout).checks as { check: string; state: string; message: string }[];
};

test('lrm deploy refuses without LRM_DEPLOYMENT: workers get work without it', async () => {
  const { code, stderr } = await servers.lrm('deploy');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^lrm: LRM_DEPLOYMENT is not set, so workers have no version.*\n$/);
});

test.each([
  ['LRM_DEPLOYMENT', 'or.ders'],
  ['LRM_DEPLOYMENT', '__orders'],
  ['LRM_BUILD_ID', 'a build'],
])('a %s of %s is refused', (name, value) => {
  const env = servers.env({ LRM_JOBS_DIR: tmpdir(), [name]: value });
  expect(() => readSettings(env)).toThrow(`${name}: '${value}' is not a`);
});

test('lrm deploy refuses a Temporal server that is too old for versions', async () => {
  // As such a server does, it knows none of these calls.
  const old = new Server();
  const port = await new Promise<number>((resolve, reject) => {
    old.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const lrm = lrmWith(servers, { ...ORDERS, TEMPORAL_ADDRESS: `127.0.0.1:${port}` });
  const { code, stderr } = await lrm('deploy');
  old.forceShutdown();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^lrm: this Temporal server is too old for versions of workers.*\n$/);
});

test('lrm deploy gives up when no worker of the build polls, and changes nothing', async () => {
  const lrm = lrmWith(servers, { ...ORDERS, LRM_BUILD_ID: 'nowhere' });
  const { code, stdout, stderr } = await lrm('deploy', '--timeout', '1 second');
  expect(code).toBe(1);
  expect(stdout).toContain('waiting for a worker of orders nowhere; none polls');
  expect(stderr).toMatch(
    /^lrm: no worker of orders nowhere has polled within 1 s, so nothing has changed.*\n$/,
  );
});

test('a worker with a version works as soon as lrm deploy has made it current, and everything says so before', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_quick', QUICK);
  const env = { ...ORDERS, LRM_JOBS_DIR: jobs.path };
  const lrm = lrmWith(servers, env);
  const first = await servers.startWorker({ jobs, env });
  const ready = first.log().find(({ msg }) => msg === 'worker ready');
  const one = String(ready?.['buildId']);
  expect(one).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+-[0-9a-f]{12}$/);
  await register(servers, '0001_quick');

  const none = `the workers that poll (orders ${one}) get no work, because no version is current: npx lrm deploy`;
  expect((await lrm('status')).stderr).toContain(`lrm: ${none}\n`);
  expect(await checks(env)).toContainEqual({
    check: 'version',
    state: 'failed',
    message: none,
    next: null,
  });
  const started = await lrm('run');
  expect(started.stderr).toContain(none);

  const deployed = await lrm('deploy', '--json');
  expect(JSON.parse(deployed.stdout)).toEqual({
    deployment: 'orders',
    buildId: one,
    before: null,
    result: 'made current',
  });
  await waitForMigration(
    servers,
    '0001_quick',
    'be completed',
    ({ status }) => status === 'completed',
  );
  expect((await lrm('deploy')).stdout).toBe(`orders ${one} is current already\n`);
  expect((await lrm('status')).stderr).not.toContain('version');
  expect(await checks(env)).toContainEqual(
    expect.objectContaining({
      check: 'version',
      state: 'ok',
      message: `orders ${one} gets the work`,
    }),
  );

  // A worker of another build waits for its turn, one without a version gets nothing.
  await first.stop();
  await waitFor('the first run to end', async () => {
    const { status } = await servers.client.workflow.getHandle(RUN).describe();
    return status.name !== 'RUNNING';
  });
  const without = await servers.startWorker({ jobs });
  jobs.writeJob('0002_more', QUICK);
  const second = await servers.startWorker({ jobs, env });
  const two = String(second.log().find(({ msg }) => msg === 'worker ready')?.['buildId']);
  expect(two).not.toBe(one);
  await register(servers, '0002_more');
  const run = await startRun(servers);
  expect((await lrm('deploy')).stdout).toMatch(
    `orders ${two} is current (before: ${one}); workers: ${second.pid}@`,
  );
  await run.result();
  expect(await attempts(servers, '0002_more')).toMatchObject([
    { worker: expect.stringMatching(`^${second.pid}@`), outcome: 'completed' },
  ]);
  await without.stop();
}, 120_000);
