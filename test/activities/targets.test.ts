import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { database as drizzle } from '../../drizzle/database';
import { openDependencies } from '../../drizzle/rows/dependencies';
import { register as registerRows } from '../../drizzle/rows/register';
import { projectFolder } from '../../settings/projectFolder';
import { insertMigration } from '../drizzle/rows/rows';
import { useDevServers } from '../support/devServers';
import { runLrm } from '../support/lrm';
import { attempts, migration, register, runToEnd, waitForMigration } from '../support/migrations';

const servers = useDevServers();

beforeEach(async () => {
  await servers.sql`truncate long_running_migrations.migrations cascade`;
  await servers.sql.unsafe(`
    drop table if exists ledger;
    create table ledger (tenant text, id integer, touched integer not null default 0, days integer,
      primary key (tenant, id));
    insert into ledger select tenant, id
    from unnest(array['a', 'b', 'c']) as tenant, generate_series(1, 600) as id;
    create table if not exists gate (); delete from gate`);
});

const ZOD = JSON.stringify(path.join(projectFolder, 'node_modules/zod'));

/** Each target does its own rows, in batches of at least 30 ms. */
const LEDGER = `
  const { sql } = require('drizzle-orm');
  const { z } = require(${ZOD});
  exports.input = z.object({ days: z.number() }).transform(async ({ days }) => ({ twice: days * 2 }));
  exports.run = (job) =>
    job.inBatches(sql\`ledger\`, { key: [sql\`tenant\`, sql\`id\`], where: sql\`tenant = \${job.target}\`,
      throttle: false, batchSize: { max: 20 } },
      async (tx, batch) => {
        await tx.execute(sql\`update ledger set touched = touched + 1, days = \${job.input.twice}
          where tenant = \${job.target} and \${batch}\`);
        await tx.execute(sql\`select pg_sleep(0.03)\`);
      });`;

const touched = () =>
  servers.sql`select tenant, touched, days, count(*)::int as rows from ledger group by 1, 2, 3 order by 1`;

test('targets of one job run at once, each with its own input and walk, and each row once, although their worker is killed', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_ledger', LEDGER);
  const env = { LRM_HEARTBEAT_TIMEOUT: '2 s', LRM_RETRY_INITIAL_INTERVAL: '100 ms' };
  const killed = await servers.startWorker({ jobs, env });
  for (const [target, days] of Object.entries({ a: 1, b: 2, c: 3 })) {
    await registerRows(drizzle(servers.sql), [
      { name: `0001_ledger:${target}`, input: JSON.stringify({ days }) },
    ]);
  }
  const run = runToEnd(servers);
  await waitForMigration(servers, '0001_ledger:b', 'be under way', (row) => row.rowsDone > 0);
  killed.kill('SIGKILL');
  const next = await servers.startWorker({ jobs, env });

  expect((await run).completed.names.toSorted()).toEqual([
    '0001_ledger:a',
    '0001_ledger:b',
    '0001_ledger:c',
  ]);
  expect(await touched()).toEqual([
    { tenant: 'a', touched: 1, days: 2, rows: 600 },
    { tenant: 'b', touched: 1, days: 4, rows: 600 },
    { tenant: 'c', touched: 1, days: 6, rows: 600 },
  ]);
  const outcomes = (await attempts(servers, '0001_ledger:b')).map(({ outcome }) => outcome);
  expect(outcomes.at(-1)).toBe('completed');
  expect(outcomes.length).toBeGreaterThan(1);
  // It has only these jobs.
  next.kill('SIGKILL');
  await next.exited;
});

const inline = (jobs: { path: string }, ...args: string[]) =>
  runLrm(servers.env({ LRM_JOBS_DIR: jobs.path, TEMPORAL_ADDRESS: '127.0.0.1:1' }), [
    'run',
    '--inline',
    ...args,
  ]);

test('an input that does not fit fails the attempt before run(), and no value is stored', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_ledger', LEDGER);
  await registerRows(drizzle(servers.sql), [
    { name: '0001_ledger:a', input: '{"days":"my-secret"}' },
    { name: '0001_ledger:b' },
  ]);
  expect((await inline(jobs)).code).toBe(1);
  expect(await migration(servers, '0001_ledger:a')).toMatchObject({
    status: 'failed',
    error: expect.stringMatching(
      /^UsageError: input\.days: does not fit the schema that the job exports as input\. To give it another one: npx lrm unregister 0001_ledger:a --yes/,
    ),
  });
  expect((await migration(servers, '0001_ledger:b')).error).toMatch(
    'it was registered without an input, and the schema that the job exports as input needs one (input)',
  );
  const everything = await servers.sql`
    select a.error, m.error as last, m.waits_for from long_running_migrations.attempts a
    join long_running_migrations.migrations m on m.name = a.migration`;
  expect(JSON.stringify(everything)).not.toMatch('my-secret');
  expect(await touched()).toMatchObject([{ touched: 0 }, { touched: 0 }, { touched: 0 }]);
});

test.each([
  ['{ days: 1 }', 'failed', 'input: is not a Standard Schema'],
  ['undefined', 'completed', null],
])('export const input = %s: %s', async (schema, status, error) => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_any',
    `exports.input = ${schema};
    exports.run = async (job) => {
      if (JSON.stringify([job.input, job.target]) !== '[[null,{"a":"é"}],"x"]') throw new TypeError('wrong');
    };`,
  );
  await registerRows(drizzle(servers.sql), [{ name: '0001_any:x', input: '[null,{"a":"é"}]' }]);
  await inline(jobs);
  expect(await migration(servers, '0001_any:x')).toMatchObject({
    status,
    error: error && expect.stringContaining(error),
  });
});

test('a dependency without a target waits for all targets, one with a target for that one', async () => {
  const db = drizzle(servers.sql);
  await insertMigration(servers.sql, '0001_a:x', 'completed');
  await insertMigration(servers.sql, '0001_a:y');
  await insertMigration(servers.sql, '0001_ab', 'failed');
  const open = (names: string[], except: string[] = [], or: 'failed'[] = []) =>
    openDependencies(
      db,
      names.map((name) => ({ name, or })),
      except,
    );
  expect(await open(['0001_a', '0001_a:x', '0001_a:y', '0001_a:z', '0002_b'])).toEqual([
    '0001_a (1 of 2 completed, 1 created)',
    '0001_a:y (created)',
    '0001_a:z (not registered)',
    '0002_b (not registered)',
  ]);
  expect(await open(['0001_a'], ['0001_a:y'])).toEqual([]);
  await servers.sql`update long_running_migrations.migrations set status = 'failed' where name = '0001_a:y'`;
  expect(await open(['0001_a'])).toEqual(['0001_a (1 of 2 completed, 1 failed)']);
  expect(await open(['0001_a'], [], ['failed'])).toEqual([]);
  await servers.sql`update long_running_migrations.migrations set status = 'completed' where name = '0001_a:y'`;
  expect(await open(['0001_a'])).toEqual([]);
});

test('run --inline does all targets before what depends on their job, and none waits for its own job', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_first',
    "exports.dependsOn = ['0002_tenants']; exports.run = async () => {};",
  );
  jobs.writeJob(
    '0002_tenants',
    "exports.dependsOn = ['0002_tenants:main']; exports.run = async () => {};",
  );
  jobs.writeJob(
    '0003_itself',
    "exports.dependsOn = ['0003_itself']; exports.run = async () => {};",
  );
  await register(servers, '0001_first', '0002_tenants:b', '0002_tenants:main', '0003_itself:x');
  const { stdout } = await inline(jobs, '--json');
  const status = Object.fromEntries(
    JSON.parse(stdout).map((each: { name: string; status: string }) => [each.name, each.status]),
  );
  // 'main' waits for itself, so all wait: that is said, and nothing is done.
  expect(status).toEqual({
    '0001_first': 'created',
    '0002_tenants:b': 'created',
    '0002_tenants:main': 'created',
    '0003_itself:x': 'created',
  });
  expect((await migration(servers, '0001_first')).waitsFor).toBe(
    'waits for 0002_tenants (0 of 2 completed, 2 created)',
  );
  expect((await migration(servers, '0002_tenants:b')).waitsFor).toBe(
    'waits for 0002_tenants:main (created)',
  );
  for (const name of ['0002_tenants:main', '0003_itself:x']) {
    expect((await migration(servers, name)).waitsFor).toBe('waits for itself; fix its dependsOn');
  }
  jobs.writeJob('0002_tenants', 'exports.run = async () => {};');
  await inline(jobs);
  expect((await migration(servers, '0001_first')).status).toBe('completed');
});

test('ready() and verify() know the target and the input, too', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_looks',
    `const { z } = require(${ZOD});
    exports.input = z.object({ days: z.coerce.number() });
    const know = (job) => job.target === 't' && job.input.days === 7;
    exports.ready = async (job) => (know(job) ? null : 'it knows nothing');
    exports.verify = async (job) => (know(job) ? 0 : 1);
    exports.run = async () => {};`,
  );
  await registerRows(drizzle(servers.sql), [
    { name: '0001_looks:t', input: '{"days":"7"}' },
    { name: '0001_looks:u', input: '[]' },
  ]);
  await inline(jobs);
  expect(await migration(servers, '0001_looks:t')).toMatchObject({ status: 'completed' });
  // Not a reason to wait for ever.
  expect(await migration(servers, '0001_looks:u')).toMatchObject({ status: 'failed' });
});

test('a listing loads the file of ten thousand targets once, and says of all why they wait', async () => {
  const jobs = servers.jobsFolder();
  const loaded = path.join(jobs.path, 'loaded.txt');
  jobs.writeJob(
    '0001_many',
    `require('node:fs').appendFileSync(${JSON.stringify(loaded)}, 'x');
    exports.dependsOn = ['0002_other'];
    exports.run = async () => {};`,
  );
  await servers.sql`
    insert into long_running_migrations.migrations (name)
    select '0001_many:t' || n from generate_series(1, 10000) n`;
  const worker = await servers.startWorker({ jobs });
  const { left, completed } = await runToEnd(servers);
  expect(completed.count).toBe(0);
  expect(left.count).toBe(10_000);
  const reason = 'waits for 0002_other (not registered)';
  expect(left.first[0]).toEqual({ name: '0001_many:t1', reason });
  const [noted] = await servers.sql`
    select count(*)::int as rows from long_running_migrations.migrations where waits_for = ${reason}`;
  expect(noted).toEqual({ rows: 10_000 });
  expect(readFileSync(loaded, 'utf8')).toBe('x');
  // One line of the log for each page, not for each of them.
  const lines = worker.log().filter(({ msg }) => msg.startsWith('not started'));
  expect(lines.length).toBeLessThan(100);
}, 240_000);
