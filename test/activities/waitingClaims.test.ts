import { afterEach, expect, test } from '@jest/globals';
import { connect } from '../../drizzle/connect';
import { applicationName } from '../../drizzle/rows/sessions';
import { lrmWith } from '../client/lrm';
import { insertRunning } from '../drizzle/rows/rows';
import { useDevServers } from '../support/devServers';
import { attempts, migration, register, startRun, waitForMigration } from '../support/migrations';
import { useRoles } from '../support/roles';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const roles = useRoles(servers);
const NAME = '0001_job';
const OTHER = '0002_other';
const FAST = { LRM_HEARTBEAT_TIMEOUT: '3 seconds', LRM_RETRY_INITIAL_INTERVAL: '100ms' };

afterEach(() => servers.sql`truncate long_running_migrations.migrations cascade`);

function jobs() {
  const folder = servers.jobsFolder();
  for (const name of [NAME, OTHER]) folder.writeJob(name, 'exports.run = async () => {};');
  return folder;
}

/** Sends heartbeats for an attempt of another worker, until the returned function is called. */
function keepAlive(attemptId: bigint): () => Promise<void> {
  let alive = true;
  const beats = (async () => {
    while (alive) {
      await servers.sql`
        update long_running_migrations.attempts set heartbeat_at = now() where id = ${String(attemptId)}`;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  return () => {
    alive = false;
    return beats;
  };
}

/** The state after Temporal's clock was set back or Temporal was replaced. */
const claimedInFuture = () => servers.sql`
  update long_running_migrations.migrations set claim_scheduled_at = now() + interval '1 hour'`;

test('a claim is not late when no attempt is alive, whatever Temporal’s clock says', async () => {
  await register(servers, NAME);
  await claimedInFuture();
  const worker = await servers.startWorker({ jobs: jobs() });

  expect(await (await startRun(servers)).result()).toMatchObject({ completed: { names: [NAME] } });

  expect(await worker.stop()).toBe(0);
});

test('a claim that looks late waits until the current attempt is silent, and says so', async () => {
  const silence = keepAlive(await insertRunning(servers.sql, NAME));
  await claimedInFuture();
  const env = { ...FAST, LRM_HEARTBEAT_TIMEOUT: '10 seconds' };
  const worker = await servers.startWorker({ jobs: jobs(), env });
  const run = await startRun(servers);

  await waitForMigration(servers, NAME, 'say what it waits for', ({ waitsFor }) =>
    /waits for its current attempt to end or to miss its heartbeats/.test(waitsFor ?? ''),
  );
  expect((await servers.lrm('status', NAME)).stdout).toMatch('waits for its current attempt');
  await silence();

  expect(await run.result()).toMatchObject({ completed: { names: [NAME] } });
  expect(await attempts(servers, NAME)).toMatchObject([
    { outcome: 'interrupted' },
    { outcome: 'completed' },
  ]);
  expect((await migration(servers, NAME)).waitsFor).toBeNull();
  expect(await worker.stop()).toBe(0);
});

test('a late claim frees its slot while the current attempt is alive', async () => {
  const silence = keepAlive(await insertRunning(servers.sql, NAME));
  await claimedInFuture();
  await register(servers, OTHER);
  const worker = await servers.startWorker({ jobs: jobs(), env: FAST });
  expect(await (await startRun(servers)).result()).toMatchObject({ completed: { names: [OTHER] } });

  await silence();
  expect(await migration(servers, NAME)).toMatchObject({ status: 'in_progress', attempts: 1 });
  expect(await worker.stop()).toBe(0);
});

test('an attempt waits for an older session that its role may not end, and status names it', async () => {
  const [before, after] = [await roles.create(), await roles.create()];
  const id = await insertRunning(servers.sql, NAME, 60);
  const older = connect(before.url, { max: 1, applicationName: applicationName(id) });
  const [session] = await older`select pg_backend_pid() as pid`;
  const worker = await servers.startWorker({
    jobs: jobs(),
    env: { ...FAST, DATABASE_URL: after.url },
  });
  const run = await startRun(servers);
  const says = `waits for session ${session?.['pid']} of role ${before.name}, which role ${after.name} may not end`;

  await waitFor('status to name the session', async () => {
    const { stdout } = await servers.lrm('status', NAME);
    return stdout.includes(says);
  });
  expect(JSON.stringify(worker.log())).toContain(says);
  expect(await attempts(servers, NAME)).toMatchObject([
    { outcome: 'interrupted' },
    { outcome: null },
  ]);

  await older.end({ timeout: 1 });

  expect(await run.result()).toMatchObject({ completed: { names: [NAME] } });
  expect((await migration(servers, NAME)).waitsFor).toBeNull();
  expect(await worker.stop()).toBe(0);
});

test('an attempt that waits for such a session can be paused', async () => {
  const [before, after] = [await roles.create(), await roles.create()];
  const id = await insertRunning(servers.sql, NAME, 60);
  const older = connect(before.url, { max: 1, applicationName: applicationName(id) });
  await older`select 1`;
  const worker = await servers.startWorker({
    jobs: jobs(),
    env: { ...FAST, DATABASE_URL: after.url },
  });
  const run = await startRun(servers);
  await waitForMigration(servers, NAME, 'wait', (row) => row.waitsFor !== null);

  // The operator's role may end the session, the worker's may not.
  expect(await servers.lrm('pause', NAME)).toMatchObject({ code: 0 });

  const open = await servers.sql`
    select 1 from pg_stat_activity
    where application_name = ${applicationName(id)} and datname = current_database()`;
  expect(open).toHaveLength(0);
  expect((await migration(servers, NAME)).status).toBe('paused');
  await run.result();
  await older.end({ timeout: 1 });
  expect(await worker.stop()).toBe(0);
});

test('lrm cancel says that its role may not end a session, and succeeds once it may', async () => {
  const [before, operator] = [await roles.create(), await roles.create()];
  const id = await insertRunning(servers.sql, NAME, 60);
  const older = connect(before.url, { max: 1, applicationName: applicationName(id) });
  const [session] = await older`select pg_backend_pid() as pid`;
  const env = { LRM_HEARTBEAT_TIMEOUT: '3 seconds', DATABASE_URL: operator.url };
  const cancel = () => lrmWith(servers, env)('cancel', NAME);

  expect(await cancel()).toEqual({
    code: 1,
    stdout: '',
    stderr:
      `lrm: ${NAME} may still run: it waits for session ${session?.['pid']} of role ${before.name}, ` +
      `which role ${operator.name} may not end: grant pg_signal_backend to ${operator.name}; ` +
      `then type again: npx lrm cancel ${NAME}\n`,
  });

  await servers.sql.unsafe(`grant pg_signal_backend to ${operator.name}`);
  expect(await cancel()).toMatchObject({ code: 0 });
  expect((await migration(servers, NAME)).status).toBe('cancelled');
  await older.end({ timeout: 1 });
});
