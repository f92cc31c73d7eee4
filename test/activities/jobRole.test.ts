import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { grantsScript } from '../../client/grants/script';
import { connect } from '../../drizzle/connect';
import { publicEpoch } from '../../drizzle/rights/jobViews';
import { jobRoleProblem } from '../../worker/jobRole';
import { useDatabase } from '../support/database';
import { useDevServers } from '../support/devServers';
import { runLrm } from '../support/lrm';
import { migration, register, runToEnd } from '../support/migrations';
import { testServers } from '../support/testServers';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const archive = useDatabase();

const suffix = randomBytes(4).toString('hex');
const ROLES = { owner: 'postgres', worker: `worker-${suffix}`, job: `Job ${suffix}` };
/** In the further database. */
const VISITOR = `visitor-${suffix}`;

const urlOf = (role: string, databaseUrl = servers.databaseUrl): string => {
  const url = new URL(databaseUrl);
  url.username = encodeURIComponent(role);
  url.password = 'secret';
  return url.href;
};
const env = (more: NodeJS.ProcessEnv = {}) => ({
  DATABASE_URL: urlOf(ROLES.worker),
  LRM_JOB_DATABASE_URL: urlOf(ROLES.job),
  LRM_MAX_FAILURES: '1',
  LRM_RETRY_INITIAL_INTERVAL: '100ms',
  ...more,
});

beforeAll(async () => {
  const { sql } = servers;
  for (const role of [ROLES.worker, ROLES.job, VISITOR]) {
    await sql.unsafe(`create role "${role}" login password 'secret'`);
  }
  await sql.unsafe(grantsScript(ROLES).join('\n'));
  await archive.sql.unsafe(grantsScript({ visitor: VISITOR }).join('\n'));
  await archive.sql.unsafe(`
    create table orders (id int primary key, n int not null default 0);
    insert into orders select i from generate_series(1, 300) i;
    grant select, update on orders to "${VISITOR}"`);
  await sql.unsafe(`
    create table people (id int primary key, n int not null default 0);
    create table refused (statement text, code text, changed int);
    grant select, insert, update on people, refused to "${ROLES.job}"`);
});
beforeEach(async () => {
  const { sql } = servers;
  await sql`truncate long_running_migrations.migrations, people, refused cascade`;
  await sql`insert into people select i from generate_series(1, 2000) i`;
});
afterAll(async () => {
  const sql = connect(testServers().databaseUrl, { max: 1, applicationName: 'test' });
  for (const role of [ROLES.worker, ROLES.job, VISITOR]) await sql.unsafe(`drop role "${role}"`);
  await sql.end({ timeout: 5 });
});

test('a job under a role of its own does all that others do, and goes on after a kill', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_walks',
    `const { sql } = require('drizzle-orm');
    exports.ready = () => undefined;
    exports.run = async (job) => {
      await job.step('first', async () => 1);
      await job.step('second', { transaction: true }, (tx) => tx.execute(sql\`select 1\`));
      await job.saveCheckpoint({ at: (await job.checkpoint())?.at ?? 0 });
      await job.forEach((from = 0) => [1, 2].filter((n) => n > from), { cursor: (n) => n }, () => {});
      const walk = { key: sql.raw('id'), lanes: 2, batchSize: { min: 100, max: 100 }, onError: 'skip', maxSkipped: 5 };
      let batches = 0;
      await job.inBatches(sql\`people\`, walk, async (tx, batch) => {
        await tx.execute(sql\`update people set n = n + 1 + 0 / (id - 25) where \${batch}\`);
        batches += 1;
        if (job.attempt === 1 && batches === 6) process.kill(process.pid, 'SIGKILL');
      });
    };
    exports.verify = async (job) => {
      const [{ left }] = await job.sql\`select count(*)::int as left from people where n <> 1 and abs(id) <> 25\`;
      return left;
    };`,
  );
  await register(servers, '0001_walks');
  const worker = await servers.startWorker({ jobs, env: env({ LRM_MAX_FAILURES: '3' }) });
  const first = await runToEnd(servers);
  expect([
    first,
    await servers.sql`select error, waits_for from long_running_migrations.migrations`,
  ]).toMatchObject([{ completed: { count: 1 } }, [{ error: null }]]);
  const [counts] = await servers.sql`
    select count(*) filter (where n = 1)::int as once, count(*) filter (where n <> 1)::int as other
    from people`;
  expect(counts).toEqual({ once: 1999, other: 1 });
  expect(
    await servers.sql`select outcome from long_running_migrations.attempts order by id`,
  ).toEqual([{ outcome: 'retried' }, { outcome: 'completed' }]);
  await servers.sql`update people set id = -25 where id = 25`;
  expect((await servers.lrm('retry', '0001_walks', '--skipped')).code).toBe(0);
  const gone = () => servers.sql`select from long_running_migrations.skipped_rows`;
  await waitFor('the skipped row to be gone', async () => (await gone()).length === 0 || undefined);
  await worker.stop();
});

test('its walks in a further database have the role of that one', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_archives',
    `const { sql } = require('drizzle-orm');
    exports.run = async (job) => {
      const walk = { key: sql.raw('id'), database: 'archive', batchSize: { min: 50, max: 50 } };
      let batches = 0;
      await job.inBatches(sql\`orders\`, walk, async (tx, batch) => {
        await tx.execute(sql\`update orders set n = n + 1 where \${batch}\`);
        batches += 1;
        if (job.attempt === 1 && batches === 3) process.kill(process.pid, 'SIGKILL');
      });
    };`,
  );
  await register(servers, '0001_archives');
  const worker = await servers.startWorker({
    jobs,
    env: env({
      LRM_MAX_FAILURES: '3',
      LRM_DATABASE_ARCHIVE_URL: urlOf(VISITOR, archive.databaseUrl),
    }),
  });
  expect(await runToEnd(servers)).toMatchObject({ completed: { count: 1 } });
  await worker.stop();
  expect(JSON.stringify(worker.log())).not.toMatch('is not one of this main database');
  expect(await archive.sql`select n, count(*)::int as rows from orders group by n`).toEqual([
    { n: 1, rows: 300 },
  ]);
});

const OURS = 'long_running_migrations';
const VIEWS = `${OURS}_jobs`;
/** Each has to fail, or to change nothing. The walk 1 and the migration 0002_other are not the job's. */
const FORBIDDEN = [
  // By way of our tables.
  `update ${OURS}.migrations set status = 'completed'`,
  `select epoch from ${OURS}.migrations`,
  `insert into ${OURS}.finished_ranges (walk, upto, rows) values (1, '{9}', 9)`,
  `insert into ${OURS}.migrations (name) values ('0009_mine')`,
  `update ${OURS}.attempts set outcome = 'completed'`,
  `delete from ${OURS}.skipped_rows`,
  // By way of the views: a status, also its own.
  `update ${VIEWS}.migrations set status = 'completed' where name = '0001_tries'`,
  `update ${VIEWS}.migrations set current_attempt = null`,
  `insert into ${VIEWS}.migrations (name) values ('0009_mine')`,
  `delete from ${VIEWS}.migrations`,
  `update ${VIEWS}.attempts set rows_done = 9`,
  // What belongs to another migration.
  `update ${VIEWS}.migrations set checkpoint = '1' where name = '0002_other'`,
  `insert into ${VIEWS}.walks (migration, name, shape) values ('0002_other', 'x', '{}')`,
  `update ${VIEWS}.walks set completed_at = now() where migration = '0002_other'`,
  `update ${VIEWS}.walks set migration = '0002_other'`,
  `insert into ${VIEWS}.finished_ranges (walk, upto, rows) select id, '{9}', 9 from other_walk`,
  `insert into ${VIEWS}.steps (migration, name) values ('0002_other', 'x')`,
  `update ${VIEWS}.steps set completed_at = now()`,
  `insert into ${VIEWS}.skipped_rows (migration, walk, key) values ('0002_other', 1, '{1}')`,
  `delete from ${VIEWS}.skipped_rows`,
  // By another name, with what it knows.
  `with set as materialized (select set_config('lrm.migration', '0002_other', true))
    update ${VIEWS}.walks set completed_at = now() from set`,
  `with set as materialized (select set_config('lrm.epoch', (select epoch::text from ${VIEWS}.migrations), true))
    update ${VIEWS}.migrations set checkpoint = '1' from set`,
  // Other things of ours.
  `create view ${VIEWS}.mine as select 1`,
  `create or replace function ${VIEWS}.refuse(code text, message text) returns bigint language sql as 'select 1::bigint'`,
  `drop view ${VIEWS}.walks`,
  `insert into ${OURS}.registrations (name) values ('0009_mine')`,
];

test('a job can store what it does, and nothing else', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(
    '0001_tries',
    `const statements = ${JSON.stringify(FORBIDDEN)};
    exports.run = async (job) => {
      for (const statement of statements) {
        let seen = { code: null, changed: null };
        try {
          await job.sql.begin(async (tx) => {
            seen = { code: null, changed: (await tx.unsafe(statement)).count };
            throw new Error('undo');
          });
        } catch (error) {
          if (error.code) seen = { code: error.code, changed: null };
        }
        await job.sql\`insert into refused values (\${statement}, \${seen.code}, \${seen.changed})\`;
      }
      // Not by its own sessions either, which are its attempt's.
      const postgres = job.sql;
      const [{ epoch }] = await postgres\`select current_setting('lrm.epoch') as epoch\`;
      const queries = await postgres\`select query from pg_stat_activity where query like \${'%' + epoch + '%'}\`;
      if (queries.length > 0) throw new Error('other sessions can see the epoch');
    };`,
  );
  await register(servers, '0001_tries', '0002_other');
  await servers.sql`
    insert into long_running_migrations.attempts (migration, number, worker, run_id) values ('0002_other', 1, '', '')`;
  await servers.sql`
    update long_running_migrations.migrations set status = 'in_progress', epoch = gen_random_uuid(),
      current_attempt = (select max(id) from long_running_migrations.attempts), request = 'pause'
    where name = '0002_other'`;
  await servers.sql`
    insert into long_running_migrations.walks (migration, name, shape) values ('0002_other', '1', '{}')`;
  await servers.sql.unsafe(`
    create view other_walk as select id from ${OURS}.walks where migration = '0002_other';
    grant select on other_walk to "${ROLES.job}"`);
  const worker = await servers.startWorker({ jobs, env: env({ LRM_MAX_FAILURES: '3' }) });
  await runToEnd(servers);
  await worker.stop();
  expect(await migration(servers, '0001_tries')).toMatchObject({
    status: 'completed',
    error: null,
    waitsFor: null,
  });
  const refused = await servers.sql<{ statement: string; code: string; changed: number }[]>`
    select * from refused`;
  expect(refused.map(({ statement }) => statement)).toEqual(FORBIDDEN);
  const allowed = refused.filter(
    ({ code, changed }) => !['42501', '44000'].includes(code) && changed !== 0,
  );
  expect(allowed).toEqual([]);
  // Each kind of answer is among them, so the statements are not all wrong in the same way.
  expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['42501', '44000', null]));
});

describe('a session of the role', () => {
  async function begun(name: string): Promise<string> {
    await register(servers, name);
    const { sql } = servers;
    const [attempt] = await sql`
      insert into long_running_migrations.attempts (migration, number, worker, run_id)
      values (${name}, 1, '', '') returning id`;
    const [row] = await sql`
      update long_running_migrations.migrations set status = 'in_progress', epoch = gen_random_uuid(),
        current_attempt = ${attempt?.['id']} where name = ${name} returning epoch`;
    await sql`insert into long_running_migrations.walks (migration, name, shape) values (${name}, '1', '{}')`;
    return row?.['epoch'];
  }

  test('stores nothing when its attempt is no longer the current one', async () => {
    const epoch = await begun('0001_a');
    const startUp = { 'lrm.migration': '0001_a', 'lrm.epoch': epoch };
    const session = connect(urlOf(ROLES.job), { max: 1, applicationName: 'test', startUp });
    const store = () =>
      session.unsafe(
        `insert into ${VIEWS}.finished_ranges (walk, upto, rows) select id, '{9}', 9 from ${VIEWS}.walks`,
      );
    try {
      expect(await session.unsafe(`select name, epoch from ${VIEWS}.migrations`)).toEqual([
        { name: '0001_a', epoch: publicEpoch(epoch) },
      ]);
      expect((await store()).count).toBe(1);
      const { sql } = servers;
      for (const change of [
        'current_attempt = null',
        "status = 'paused'",
        'epoch = gen_random_uuid()',
      ]) {
        const before = await sql`select * from long_running_migrations.migrations`;
        await sql.unsafe(`update ${OURS}.migrations set ${change}`);
        expect((await store()).count).toBe(0);
        const [walk] = await sql`select id from long_running_migrations.walks`;
        await expect(
          session.unsafe(
            `insert into ${VIEWS}.finished_ranges (walk, upto, rows) values (${walk?.['id']}, '{9}', 9)`,
          ),
        ).rejects.toMatchObject({ code: '44000' });
        await sql`update long_running_migrations.migrations set ${sql(before[0] ?? {}, 'current_attempt', 'status', 'epoch')}`;
        expect((await store()).count).toBe(1);
      }
    } finally {
      await session.end({ timeout: 5 });
    }
  });
});

test('a worker says in one line why jobs can not run under the role', async () => {
  const { sql } = servers;
  const problem = (url = urlOf(ROLES.job)) =>
    jobRoleProblem({ databaseUrl: urlOf(ROLES.worker), LRM_JOB_DATABASE_URL: url });
  expect(await problem()).toBeUndefined();
  await sql.unsafe(`alter role "${ROLES.job}" set timezone = 'Asia/Tokyo'`);
  expect(await problem()).toBeUndefined();
  await sql.unsafe(`alter role "${ROLES.job}" reset timezone`);
  await expect(problem(urlOf(ROLES.job).replace(':secret@', ':wrong@'))).rejects.toThrow(
    '(SQLSTATE 28P01): check LRM_JOB_DATABASE_URL, or the password file if it has none',
  );
  const { PGPASSWORD: before } = process.env;
  try {
    // The worker's, which no job process has.
    process.env['PGPASSWORD'] = 'secret';
    await expect(problem(urlOf(ROLES.job).replace(':secret@', '@'))).rejects.toThrow();
  } finally {
    if (before === undefined) delete process.env['PGPASSWORD'];
    else process.env['PGPASSWORD'] = before;
  }
  expect(await problem(urlOf(ROLES.worker))).toMatch('can reach our tables by itself');
  await sql.unsafe(`grant select (epoch) on ${OURS}.migrations to "${ROLES.job}"`);
  expect(await problem()).toMatch(`role ${ROLES.job} can reach our tables by itself`);
  await sql.unsafe(`revoke select (epoch) on ${OURS}.migrations from "${ROLES.job}"`);
  const other = new URL(urlOf(ROLES.job));
  other.pathname = '/postgres';
  expect(await problem(other.href)).toMatch('another database than DATABASE_URL: only the role');
  await sql.unsafe(`revoke pg_signal_backend from "${ROLES.worker}"`);
  expect(await problem()).toMatch(
    `may not end the sessions of role ${ROLES.job}: GRANT pg_signal_backend TO "${ROLES.worker}"`,
  );
  await sql.unsafe(`grant pg_signal_backend to "${ROLES.worker}"`);
  await sql.unsafe(`comment on schema ${VIEWS} is 'older'`);
  const refused = servers.spawnWorker({ env: env() });
  expect(await refused.exited).toBe(1);
  expect(JSON.stringify(refused.log())).toMatch(
    'LRM_JOB_DATABASE_URL: its views are those of another version; run the SQL that npx lrm grants',
  );
  // It can be run again.
  await sql.unsafe(grantsScript(ROLES).join('\n'));
  const { stdout } = await runLrm(servers.env(env()), ['doctor', '--json']);
  expect(JSON.parse(stdout).checks).toContainEqual(
    expect.objectContaining({ check: 'job role', state: 'ok' }),
  );
});
