import { beforeAll, expect, test } from '@jest/globals';
import { useDatabase } from '../support/database';
import { useDevServers } from '../support/devServers';
import { attempts, register, runToEnd, startRun, waitForMigration } from '../support/migrations';
import { lrmWith } from './lrm';

const servers = useDevServers();
const archive = useDatabase({ empty: true });
const URL = 'LRM_DATABASE_ARCHIVE_URL';

const lrm = (env: NodeJS.ProcessEnv, ...args: string[]) => lrmWith(servers, env)(...args);
const withArchive = (...args: string[]) => lrm({ [URL]: archive.databaseUrl }, ...args);

const WALK = `const { sql } = require('drizzle-orm');
exports.run = async (job) => {
  const [{ rows }] = await job.database('archive').sql\`select count(*)::int as rows from ledger\`;
  job.log.info('rows: ' + rows);
  await job.inBatches(sql\`ledger\`, { key: sql\`id\`, database: 'archive', throttle: false, batchSize: { max: 10 } },
    async (tx, batch) => {
      await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
      await tx.execute(sql\`select pg_sleep(0.05)\`);
    });
};`;

/** What docs/disaster.md says. */
const GO_ON = `
  UPDATE long_running_migrations.migrations
  SET status = 'created', current_attempt = NULL, completed_at = NULL
  WHERE name = '0001_archive' AND status = 'completed'`;

beforeAll(async () => {
  await archive.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, 400)`);
});

test('wrong settings and names are refused in one line that quotes no URL', async () => {
  for (const [env, args, line] of [
    [
      { [URL]: 'mysql://u:secret@h/d' },
      ['status'],
      `${URL}: not a Postgres URL; write postgres://`,
    ],
    [
      { LRM_DATABASE_archive_URL: 'postgres://u:secret@h/d' },
      ['status'],
      'LRM_DATABASE_archive_URL: write the',
    ],
    [{}, ['migrate', '--database', 'archive'], `--database archive: ${URL} is not set`],
    [{}, ['migrate', '--database', 'Archive'], '--database takes a name in a-z'],
    [
      { [URL]: archive.databaseUrl },
      ['migrate', '--database', 'archive', '--complete-on-empty'],
      "can't be used with --database",
    ],
  ] as const) {
    const { code, stderr } = await lrm(env, ...args);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(line);
    expect(stderr).not.toContain('secret');
    expect(code).toBe(2);
  }
  const { code, stderr } = await lrm(
    { [URL]: 'postgres://u:secret@127.0.0.1:1/d' },
    'migrate',
    '--database',
    'archive',
  );
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(
      /^[^\n]*nothing answers for Postgres at 127\.0\.0\.1:1 \(LRM_DATABASE_ARCHIVE_URL\)\n$/,
    ),
  });
});

test('doctor and migrate know the database; a job walks there, is taken over, and starts again', async () => {
  const finding = async () => {
    const { checks } = JSON.parse((await withArchive('doctor', '--json')).stdout);
    return checks.find(({ check }: { check: string }) => check === 'database archive');
  };
  expect(await finding()).toMatchObject({
    state: 'ok',
    message: expect.stringContaining('none of our tables'),
  });
  const migrated = await withArchive('migrate', '--database', 'archive');
  expect(migrated).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('applied 0000_our_tables'),
  });
  expect(await finding()).toMatchObject({
    state: 'ok',
    message: expect.stringContaining('up to date'),
  });

  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_archive', WALK);
  const env = {
    [URL]: archive.databaseUrl,
    LRM_HEARTBEAT_TIMEOUT: '2 seconds',
    LRM_RETRY_INITIAL_INTERVAL: '200ms',
  };
  await register(servers, '0001_archive');
  const frozen = await servers.startWorker({ jobs, env });
  const run = await startRun(servers);
  await waitForMigration(
    servers,
    '0001_archive',
    'be under way',
    (row) => Number(row.rowsDone) > 50,
  );
  frozen.kill('SIGSTOP');
  const second = await servers.startWorker({ jobs, env });
  await waitForMigration(servers, '0001_archive', 'be taken over', (row) => row.attempts === 2);
  frozen.kill('SIGCONT');
  await run.result();
  const touches = () => archive.sql`select touched, count(*)::int as rows from ledger group by 1`;
  expect(await touches()).toEqual([{ touched: 1, rows: 400 }]);
  expect(await attempts(servers, '0001_archive')).toMatchObject([
    { outcome: 'interrupted' },
    { outcome: 'completed', rowsDone: expect.anything() },
  ]);
  const left = await archive.sql`
    select from pg_stat_activity where application_name like 'lrm:%' and datname = current_database()`;
  expect(left).toHaveLength(0);

  expect(
    (await withArchive('retry', '0001_archive', '--from-start', '--yes', '--no-run')).code,
  ).toBe(0);
  await runToEnd(servers);
  expect(await touches()).toEqual([{ touched: 2, rows: 400 }]);
  expect(await archive.sql`select from long_running_migrations.walks`).toHaveLength(1);

  // That database alone is restored, to a time in the middle of its walk.
  await archive.sql`update ledger set touched = 1 where id > 200`;
  await archive.sql`
    update long_running_migrations.walks set completed_at = null, low_water_mark = '{200}', rows_done = 200`;
  expect(await finding()).toMatchObject({
    state: 'warning',
    message: expect.stringMatching(/^0001_archive: completed, but its walk there is not/),
    next: expect.stringContaining('docs/disaster.md'),
  });
  await servers.sql.unsafe(GO_ON);
  expect(await finding()).toMatchObject({ state: 'ok' });
  await runToEnd(servers);
  expect(await touches()).toEqual([{ touched: 2, rows: 400 }]);
  expect((await withArchive('unregister', '0001_archive', '--yes')).code).toBe(0);
  expect(await archive.sql`select from long_running_migrations.walks`).toHaveLength(0);
  await second.stop();
  await frozen.stop();
}, 120_000);
