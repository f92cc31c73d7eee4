import { beforeAll, expect, test } from '@jest/globals';
import { useDevServers } from '../../support/devServers';
import { runLrm } from '../../support/lrm';
import { attempts, migration, register } from '../../support/migrations';

const servers = useDevServers();

beforeAll(async () => {
  await servers.sql.unsafe(`
    create table nobody (id integer primary key);
    create table people (id integer primary key, seen integer not null default 0);
    insert into people select generate_series(1, 100)`);
});

const over = (table: string) => `
  const { sql } = require('drizzle-orm');
  exports.run = async (job) => {
    try {
      await job.inBatches(sql\`${table}\`, { key: sql\`id\` }, async (tx, batch) => {
        await tx.execute(sql\`update ${table} set seen = seen + 1 where \${batch}\`);
      });
    } catch {} // A job that swallows errors does nothing more all the same.
  };`;

test('lrm migrate --complete-on-empty completes what finds no row, and leaves the rest as pending', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_empty', over('nobody'));
  jobs.writeJob('0002_rows', over('people'));
  jobs.writeJob('0003_fails', "exports.run = async () => { throw new TypeError('never'); };");
  jobs.writeJob(
    '0004_items',
    `exports.run = (job) => job.forEach(() => [1], { cursor: (n) => n }, async () => {});`,
  );
  jobs.writeJob('0005_after', "exports.dependsOn = ['0001_empty']; exports.run = async () => {};");
  jobs.writeJob('0006_exits', 'exports.run = async () => process.exit(3);');
  const left = ['0002_rows', '0003_fails', '0004_items', '0006_exits'];
  await register(servers, '0001_empty', ...left, '0005_after');
  const env = servers.env({ LRM_JOBS_DIR: jobs.path, TEMPORAL_ADDRESS: '127.0.0.1:1' });

  const first = await runLrm(env, ['migrate', '--complete-on-empty', '--json']);

  expect(first.code).toBe(0);
  const answer = JSON.parse(first.stdout);
  expect([...answer.completed].sort()).toEqual(['0001_empty', '0005_after']);
  const reasons = Object.fromEntries(
    answer.left.map(({ name, reason }: { name: string; reason: string }) => [name, reason]),
  );
  expect(reasons).toEqual({
    '0002_rows': expect.stringMatching(/^left for a worker: table .*people.* has rows$/),
    '0003_fails': expect.stringMatching(/^left for a worker: TypeError at 0003_fails/),
    '0004_items': 'left for a worker: its source of items has rows',
    '0006_exits': expect.stringMatching(/^left for a worker: .*process\.exit, code 3/),
  });
  for (const name of left) {
    const row = await migration(servers, name);
    expect(row).toMatchObject({ status: 'in_progress', error: null, waitsFor: reasons[name] });
    const [attempt] = await attempts(servers, name);
    expect(attempt).toMatchObject({ outcome: 'interrupted', error: null, errorUnknown: false });
  }
  expect(await servers.sql`select sum(seen)::int as seen from people`).toEqual([{ seen: 0 }]);

  const then = await runLrm(env, ['run', '--inline', '0002_rows']);
  expect(then.code).toBe(0);
  expect(await servers.sql`select sum(seen)::int as seen from people`).toEqual([{ seen: 100 }]);
});

test('lrm migrate --complete-on-empty completes 200 migrations in one go', async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  const jobs = servers.jobsFolder();
  const names = Array.from({ length: 200 }, (_, n) => `${String(n + 1).padStart(4, '0')}_empty`);
  for (const name of names) jobs.writeJob(name, `${over('nobody')} // ${name}`);
  await register(servers, ...names);
  const env = servers.env({ LRM_JOBS_DIR: jobs.path });
  expect(await runLrm(env, ['migrate', '--complete-on-empty'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching('completed, because there was nothing to do: 200'),
  });
}, 180_000);
