import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { register, resultOf, startRun } from '../support/migrations';

const servers = useDevServers();

/** Not the name of a setting that does anything here. */
const TOKEN = { LRM_TEST_TOKEN: 'token-4711-token' };

test("a job sees none of the worker's secrets, and none of them gets out of it", async () => {
  const url = new URL(servers.databaseUrl);
  const { password } = url;
  url.password = '';
  await servers.sql`create table given (name text primary key, value text)`;
  await servers.sql`insert into given values ('password', ${password}), ('token', ${TOKEN.LRM_TEST_TOKEN})`;
  await servers.sql`create table seen (place text, text text)`;
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_tells',
    `const { readFileSync } = require('node:fs');
    const { execFileSync } = require('node:child_process');
    exports.run = async (job) => {
      const see = (place, text) => job.sql\`insert into seen values (\${place}, \${text})\`;
      await see('process.env', JSON.stringify(process.env));
      await see('environ', readFileSync('/proc/' + process.pid + '/environ', 'utf8').replaceAll('\\0', ' '));
      await see('child', execFileSync('env', { encoding: 'utf8' }));
      const given = await job.sql\`select name, value from given\`;
      const { password, token } = Object.fromEntries(given.map(({ name, value }) => [name, value]));
      job.log.info('logged ' + password, { deep: [{ token }] });
      job.progress(1, 2);
      throw new Error('threw ' + token + ' of amqp://me:other-pw@mq/x', { cause: new Error(password) });
    };`,
  );
  await register(servers, '0001_tells');
  const worker = await servers.startWorker({
    jobs,
    env: {
      ...TOKEN,
      DATABASE_URL: url.href,
      PGPASSWORD: password,
      TEMPORAL_GRPC_META_AUTHORIZATION: 'Bearer header-4711',
      ALLOWED_TOKEN: 'of the application',
      LRM_MAX_FAILURES: '1',
      LRM_LOG_LEVEL: 'debug',
    },
  });
  const run = await startRun(servers);
  expect(await resultOf(run)).toMatchObject({ failed: { count: 1 } });

  const seen = await servers.sql`select place, text from seen`;
  expect(seen.map(({ place }) => place).sort()).toEqual(['child', 'environ', 'process.env']);
  for (const { text } of seen) {
    expect(text).toContain('of the application');
    for (const name of ['DATABASE_URL', 'PGPASSWORD', 'LRM_TEST_TOKEN', 'GRPC_META', password]) {
      expect(text).not.toContain(name);
    }
  }
  const [row] = await servers.sql`select error from long_running_migrations.migrations`;
  expect(row?.['error']).toMatch(/threw \*\*\* of amqp:\/\/me:\*\*\*@mq.*caused by Error: \*\*\*/);
  const history = JSON.stringify(await run.fetchHistory(), (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString() : value,
  );
  await worker.stop();
  const log = worker.log();
  expect(log.find(({ msg }) => msg === 'logged ***')).toMatchObject({ deep: [{ token: '***' }] });
  const rows = await servers.sql`select * from long_running_migrations.attempts`;
  for (const place of [history, JSON.stringify(log), JSON.stringify(rows)]) {
    for (const secret of [password, TOKEN.LRM_TEST_TOKEN, 'other-pw']) {
      expect(place).not.toContain(secret);
    }
  }
});

test('LRM_JOB_ENV shows a job what it names', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0002_allowed',
    `exports.run = async () => {
      if (process.env.DATABASE_URL && !process.env.LRM_TEST_TOKEN) return;
      throw new Error('not as allowed');
    };`,
  );
  await register(servers, '0002_allowed');
  await servers.startWorker({
    jobs,
    env: { ...TOKEN, LRM_JOB_ENV: 'DATABASE_URL', LRM_MAX_FAILURES: '1' },
  });
  expect(await resultOf(await startRun(servers))).toMatchObject({ completed: { count: 1 } });
});
