import { expect, test } from '@jest/globals';
import { useDevServers } from '../../support/devServers';
import { freePort } from '../../support/freePort';
import { startProxy } from '../../support/proxy';
import { waitFor } from '../../support/waitFor';

const servers = useDevServers();

const get = async (port: number, path: string, init: RequestInit = {}) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  const text = await response.text();
  return { code: response.status, headers: response.headers, text, body: text && JSON.parse(text) };
};

/** Waits until /readyz answers with this code and these checks. */
const readyz = (port: number, code: number, checks: object) =>
  waitFor(`/readyz to answer ${code} ${JSON.stringify(checks)}`, async () => {
    const found = await get(port, '/readyz').catch(() => undefined);
    try {
      expect(found).toMatchObject({ code, body: { checks } });
      return found;
    } catch {
      return undefined;
    }
  });

const ALL_OK = {
  worker: 'running',
  database: 'ok',
  rights: 'ok',
  tables: 'ok',
  temporal: 'ok',
  namespace: 'ok',
};

test('/readyz says which server does not answer, in time, and /livez stays 200', async () => {
  const port = await freePort();
  const url = new URL(servers.databaseUrl);
  const database = await startProxy(url.host);
  const temporal = await startProxy(servers.temporalAddress);
  url.host = database.address;
  const worker = await servers.startWorker({
    env: {
      LRM_HEALTH_PORT: String(port),
      DATABASE_URL: url.href,
      TEMPORAL_ADDRESS: temporal.address,
    },
  });

  const ready = await readyz(port, 200, ALL_OK);
  expect(ready?.body).toEqual({ status: 'ok', checks: ALL_OK });
  expect(ready?.headers.get('cache-control')).toBe('no-store');
  expect(ready?.headers.get('x-content-type-options')).toBe('nosniff');

  // Nothing is closed: a connection that hangs must not make the probe hang.
  database.cut();
  await readyz(port, 503, { database: 'failed', temporal: 'ok' });
  const before = performance.now();
  const again = await get(port, '/readyz');
  expect(performance.now() - before).toBeLessThan(4_000);
  expect(again.text).not.toContain(url.password);
  expect(Object.keys(again.body)).toEqual(['status', 'checks']);

  temporal.cut();
  await readyz(port, 503, { database: 'failed', temporal: 'failed' });
  expect(await get(port, '/livez')).toMatchObject({
    code: 200,
    body: { status: 'ok', checks: { worker: 'running' } },
  });
  expect(worker.log().filter(({ msg }) => /^not ready: database: /.test(msg)).length).toBe(2);
  expect(await get(port, '/livez', { method: 'POST' })).toMatchObject({ code: 405 });
  expect(await get(port, '/')).toMatchObject({ code: 404 });
  worker.kill('SIGKILL');
  database.close();
  temporal.close();
});

test('/readyz: tables older than needed, and shutting down; /livez stays 200 until the end', async () => {
  const port = await freePort();
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_slow_to_stop',
    `exports.run = async (job) => {
      job.log.info('runs');
      await new Promise((resolve) => job.signal.addEventListener('abort', resolve));
      job.log.info('is to stop');
      await job.sql\`select pg_advisory_lock(77)\`;
    };`,
  );
  const worker = await servers.startWorker({ jobs, env: { LRM_HEALTH_PORT: String(port) } });
  await readyz(port, 200, ALL_OK);

  const applied = servers.sql`long_running_migrations.schema_migrations`;
  const [newest] = await servers.sql`
    delete from ${applied} where id = (select max(id) from ${applied}) returning *`;
  await readyz(port, 503, { database: 'ok', tables: 'failed' });
  await servers.sql`insert into ${applied} ${servers.sql(newest ?? {})}`;
  await readyz(port, 200, ALL_OK);
  await waitFor('the log to say so', () => worker.log().some(({ msg }) => msg === 'ready again'));

  await servers.succeeds('register', '0001_slow_to_stop');
  await servers.succeeds('run');
  await servers.sql.reserve().then(async (session) => {
    await session`select pg_advisory_lock(77)`;
    await waitFor('the job to run', () => worker.log().some(({ msg }) => msg === 'runs'));
    const exited = worker.stop();
    await waitFor('it to stop', () => worker.log().some(({ msg }) => msg === 'is to stop'));
    expect(await get(port, '/readyz')).toMatchObject({
      code: 503,
      body: { status: 'failed', checks: { worker: 'shutting down' } },
    });
    expect(await get(port, '/livez')).toMatchObject({
      code: 200,
      body: { checks: { worker: 'shutting down' } },
    });
    await session`select pg_advisory_unlock(77)`;
    session.release();
    expect(await exited).toBe(0);
  });
});

test('a worker that waits for Postgres is alive and not ready; a taken port is one line', async () => {
  const port = await freePort();
  const env = { LRM_HEALTH_PORT: String(port), DATABASE_URL: 'postgres://app:pw@127.0.0.1:1/app' };
  const worker = servers.spawnWorker({ env });
  await readyz(port, 503, { worker: 'starting' });
  expect(await get(port, '/livez')).toMatchObject({ code: 200 });

  const second = servers.spawnWorker({ env });
  expect(await second.exited).toBe(1);
  expect(second.log()).toMatchObject([
    { msg: `LRM_HEALTH_PORT: can't listen on port ${port} (EADDRINUSE)` },
  ]);
  worker.kill('SIGKILL');
});
