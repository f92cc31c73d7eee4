import { beforeAll, describe, expect, test } from '@jest/globals';
import postgres from 'postgres';
import { isPooled, sharesSessions } from '../../drizzle/connection/pooler';
import { useDevServers } from '../support/devServers';
import { runLrm } from '../support/lrm';
import { migration, register } from '../support/migrations';
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer';

const servers = useDevServers();
const applicationName = 'test';

// .ci/run installs it where there is apt-get.
const whereInstalled = hasPgBouncer ? describe : describe.skip;

whereInstalled('PgBouncer in transaction mode', () => {
  let url = '';
  beforeAll(async () => {
    url = await startPgBouncer(servers.databaseUrl, { pool_mode: 'transaction' });
  });

  test('is seen with many sessions, with one, and while others use it', async () => {
    expect(await sharesSessions(url, { applicationName })).toBe(true);
    const single = { pool_mode: 'transaction', default_pool_size: 1 } as const;
    const one = await startPgBouncer(servers.databaseUrl, single);
    expect(await sharesSessions(one, { applicationName })).toBe(true);
  });

  test('is refused by what would leave a lock or a limit in its sessions; a gate leaves nothing', async () => {
    const env = servers.env({ DATABASE_URL: url });
    for (const command of [['migrate'], ['status'], ['pause', '0001_x'], ['dry-run', '0001_x']]) {
      const { code, stderr } = await runLrm(env, command);
      expect({ command, code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^lrm: transactions share sessions .*; set DATABASE_URL to/),
      });
    }
    const archive = { LRM_DATABASE_ARCHIVE_URL: url };
    const other = await runLrm(servers.env(archive), ['migrate', '--database', 'archive']);
    expect(other.stderr).toMatch('; set LRM_DATABASE_ARCHIVE_URL to the server itself');
    expect(await runLrm(env, ['check'])).toMatchObject({ code: 0, stderr: '' });
    const locks = await servers.sql`
      select pid from pg_locks where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())`;
    expect([...locks]).toEqual([]);
    const application = postgres(url, { prepare: false });
    const [found] = await application`
      select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`;
    expect(found).toEqual({ statement: '0', lock: '0' });
    await application.end();
  });

  test('is refused by lrm doctor, lrm run --inline and a worker, each with the reason', async () => {
    const reason = 'transactions share sessions (PgBouncer in transaction mode?)';
    const env = servers.env({ DATABASE_URL: url });
    const doctor = await runLrm(env, ['doctor', '--json']);
    expect(doctor.code).toBe(1);
    expect(JSON.parse(doctor.stdout).checks).toContainEqual(
      expect.objectContaining({
        check: 'pooler',
        state: 'failed',
        message: expect.stringContaining(reason),
      }),
    );
    const inline = await runLrm(env, ['run', '--inline']);
    expect(inline).toMatchObject({ code: 1, stderr: expect.stringContaining(`lrm: ${reason}`) });
    expect(inline.stderr).toMatch(
      'set DATABASE_URL to the server itself, or a pool in session mode',
    );
    // Also in front of a further database.
    const worker = servers.spawnWorker({ env: { LRM_DATABASE_ARCHIVE_URL: url } });
    expect(await worker.exited).toBe(1);
    expect(worker.log().at(-1)?.msg).toMatch(reason);
    expect(worker.log().at(-1)?.msg).toMatch('set LRM_DATABASE_ARCHIVE_URL to the server itself');
  });
});

whereInstalled('PgBouncer in session mode', () => {
  test('works: each row is done once', async () => {
    const url = await startPgBouncer(servers.databaseUrl, { pool_mode: 'session' });
    expect(await isPooled(url, { applicationName })).toBe(true);
    expect(await sharesSessions(url, { applicationName })).toBe(false);
    await servers.sql.unsafe(`create table people (id integer primary key, seen integer default 0);
      insert into people select generate_series(1, 5000)`);
    const jobs = servers.jobsFolder();
    jobs.writeJob(
      '0001_pooled',
      `const { sql } = require('drizzle-orm');
      exports.run = (job) =>
        job.inBatches(sql\`people\`, { key: sql\`id\`, batchSize: { min: 1, max: 500 } }, (tx, batch) =>
          tx.execute(sql\`update people set seen = seen + 1 where \${batch}\`));`,
    );
    await register(servers, '0001_pooled');
    const env = servers.env({ DATABASE_URL: url, LRM_JOBS_DIR: jobs.path });
    expect(await runLrm(env, ['run', '--inline'])).toMatchObject({ code: 0, stderr: '' });
    expect(await migration(servers, '0001_pooled')).toMatchObject({ status: 'completed' });
    const rows = await servers.sql`select seen, count(*)::int as rows from people group by 1`;
    expect(rows).toEqual([{ seen: 1, rows: 5000 }]);
  });
});

test('a server without a pooler is not refused', async () => {
  expect(await isPooled(servers.databaseUrl, { applicationName })).toBe(false);
  expect(await sharesSessions(servers.databaseUrl, { applicationName })).toBe(false);
});
