import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readRoles } from '../../client/grants/roles';
import { connect, type Sql } from '../../drizzle/connect';
import { checkRights } from '../../worker/health/rights';
import { useDevServers } from '../support/devServers';
import type { JobsFolder } from '../support/jobsFolder';
import { type CommandResult, runLrm } from '../support/lrm';
import { testServers } from '../support/testServers';

const servers = useDevServers({ empty: true });

/** With everything that has to be quoted. */
const suffix = randomBytes(4).toString('hex');
const ROLES = {
  owner: `Owner ${suffix}`,
  worker: `worker's "${suffix}"`,
  operator: `op-${suffix}`,
};
type Part = keyof typeof ROLES;
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** A session of each role, for what it may not do. */
const sessions = {} as Record<Part, Sql>;
let jobs: JobsFolder;

const urlOf = (part: Part, databaseUrl = servers.databaseUrl): string => {
  const url = new URL(databaseUrl);
  url.username = encodeURIComponent(ROLES[part]);
  url.password = 'secret';
  return url.href;
};

const as = (part: Part, ...args: string[]): Promise<CommandResult> =>
  runLrm(
    servers.env({ DATABASE_URL: urlOf(part), LRM_JOBS_DIR: jobs.path, LRM_MAX_FAILURES: '1' }),
    args,
  );

async function works(part: Part, ...args: string[]): Promise<CommandResult> {
  const result = await as(part, ...args);
  if (result.code !== 0) throw new Error(`${part}: lrm ${args.join(' ')}: ${result.stderr}`);
  return result;
}

/** The numbered parts of the script. */
async function script(): Promise<string[]> {
  const names = Object.entries(ROLES).flatMap(([part, role]) => [`--${part}`, role]);
  const { stdout } = await runLrm({ PATH: process.env['PATH'] }, ['grants', ...names]);
  return stdout.split(/^(?=-- \d\. )/m);
}

const BATCHES = `const { sql } = require('drizzle-orm');
exports.run = async (job) => {
  const { tag } = job.input ?? { tag: 'none' };
  await job.step('a step', () => 1);
  await job.saveCheckpoint({ at: 1 });
  await job.checkpoint();
  await job.forEach(async function* () { yield 1; }, { cursor: (n) => n }, () => {});
  await job.inBatches(sql\`people\`, { key: sql.raw('id'), batchSize: { min: 10, max: 10 }, onError: 'skip', maxSkipped: 5 }, (tx, batch) =>
    tx.execute(sql\`update people set n = 10 / (id - 25) where \${batch}\`));
};
exports.revert = async (job) => {
  await job.sql\`update people set n = 0\`;
};`;

beforeAll(async () => {
  jobs = servers.jobsFolder();
  jobs.writeJob('0001_walks', BATCHES);
  jobs.writeJob('0002_waits', 'exports.run = exports.revert = async () => {};');
  const { sql } = servers;
  for (const role of Object.values(ROLES)) {
    await sql.unsafe(`create role ${quoted(role)} login password 'secret'`);
  }
  const [first = '', second = '', third = ''] = await script();
  await sql.unsafe(`${first};${second}`);
  await works('owner', 'migrate');
  sessions.owner = connect(urlOf('owner'), { max: 1, applicationName: 'test' });
  await sessions.owner.unsafe(third);
  await sql.unsafe(`
    create table people (id int primary key, n int);
    insert into people select i, 0 from generate_series(1, 50) i;
    grant select, update on people to ${quoted(ROLES.worker)}`);
  sessions.worker = connect(urlOf('worker'), { max: 1, applicationName: 'test' });
  sessions.operator = connect(urlOf('operator'), { max: 1, applicationName: 'test' });
});
afterAll(async () => {
  await Promise.all(Object.values(sessions).map((each) => each.end({ timeout: 5 })));
  const sql = connect(testServers().databaseUrl, { max: 1, applicationName: 'test' });
  for (const role of Object.values(ROLES)) await sql.unsafe(`drop role ${quoted(role)}`);
  await sql.end({ timeout: 5 });
});

/** Each starts a process. Milliseconds. */
const MANY_COMMANDS = 120_000;

describe('each command works under its role', () => {
  test(
    'an operator registers, asks, and removes',
    async () => {
      await works('operator', 'register', '0002_waits', '--dormant');
      expect((await as('operator', 'check')).stderr).toMatch('0002_waits is paused');
      await works('operator', 'resume', '0002_waits');
      await works('operator', 'cancel', '0002_waits');
      await works('operator', 'retry', '0002_waits', '--from-start', '--yes');
      await works('operator', 'pause', '0002_waits');
      await works('operator', 'revert', '0002_waits', '--yes');
      await works('operator', 'unregister', '0002_waits', '--yes');
    },
    MANY_COMMANDS,
  );

  test(
    'an operator steers what a worker does',
    async () => {
      await Promise.all([
        works('operator', 'register', '0001_walks', '--input', '{"tag":"a"}'),
        works('operator', 'schedule'),
        servers.startWorker({ jobs, env: { DATABASE_URL: urlOf('worker') } }),
      ]);
      await works('operator', 'finalize', '0001_walks');
      await works('operator', 'skipped', '0001_walks', '--accept');
      await works('operator', 'retry', '0001_walks', '--skipped');
      await works('operator', 'run', '--wait');
      const [status, doctor] = await Promise.all([
        works('operator', 'status'),
        works('operator', 'doctor'),
      ]);
      expect(status.stdout).toMatch(/0001_walks +completed/);
      expect(doctor.stdout).toMatch(
        `rights     role ${ROLES.operator} may do all that an operator needs`,
      );
    },
    MANY_COMMANDS,
  );

  test('a worker can run jobs without Temporal, and try one', async () => {
    await servers.sql`insert into long_running_migrations.migrations (name) values ('0001_walks:x')`;
    await works('worker', 'dry-run', '0001_walks:x', '--yes-side-effects');
    await works('worker', 'run', '--inline');
    expect((await works('worker', 'doctor')).stdout).toMatch('may do all that a worker needs');
  });

  test('the owner can do all of it with our tables', async () => {
    await works('owner', 'migrate');
    expect((await works('owner', 'doctor')).stdout).toMatch(
      'may do all that a worker and an operator needs',
    );
  });
});

const OURS = 'long_running_migrations';
const EVERYBODY = [
  `create table ${OURS}.more (id int)`,
  `alter table ${OURS}.migrations add column more int`,
  `drop table ${OURS}.walks`,
  `truncate ${OURS}.finished_ranges`,
  `drop trigger require_direction on ${OURS}.attempts`,
  `update ${OURS}.installations set id = gen_random_uuid()`,
  `insert into ${OURS}.schema_migrations (hash, created_at) values ('x', 1)`,
  `delete from ${OURS}.schema_migrations`,
  `create schema mine`,
];
const FORBIDDEN: Readonly<Record<Part, readonly string[]>> = {
  owner: ['select from people', 'update people set n = 1', 'create role another'],
  worker: [
    ...EVERYBODY,
    `insert into ${OURS}.migrations (name) values ('0009_mine')`,
    `delete from ${OURS}.migrations`,
    `delete from ${OURS}.attempts`,
    `delete from ${OURS}.walks`,
    `delete from ${OURS}.steps`,
    `update ${OURS}.finished_ranges set rows = 0`,
    `insert into ${OURS}.registrations (name) values ('0009_mine')`,
    'select pg_terminate_backend((select min(pid) from pg_stat_activity where usename = $$postgres$$))',
  ],
  operator: [
    ...EVERYBODY,
    'select from people',
    `insert into ${OURS}.attempts (migration, number, worker, run_id) values ('0001_walks', 9, '', '')`,
    `update ${OURS}.attempts set rows_done = 9`,
    `update ${OURS}.migrations set epoch = gen_random_uuid()`,
    `update ${OURS}.migrations set name = '0009_mine'`,
    `update ${OURS}.migrations set input = '1'`,
    `insert into ${OURS}.walks (migration, name, shape) values ('0001_walks', 'x', '{}')`,
    `update ${OURS}.walks set completed_at = now()`,
    `insert into ${OURS}.finished_ranges (walk, upto, rows) values (1, '{9}', 9)`,
    `insert into ${OURS}.steps (migration, name) values ('0001_walks', 'x')`,
    `update ${OURS}.steps set completed_at = now()`,
    `insert into ${OURS}.skipped_rows (migration, walk, key) values ('0001_walks', 1, '{1}')`,
    `update ${OURS}.skipped_rows set key = '{1}'`,
    `insert into ${OURS}.canaries (session) values ('x')`,
    `insert into ${OURS}.visiting_attempts (installation, migration, attempt, epoch, generation)
      values (gen_random_uuid(), 'x', 1, gen_random_uuid(), gen_random_uuid())`,
  ],
};

describe('each role is refused what it does not need', () => {
  test.each(Object.keys(ROLES) as Part[])('%s', async (part) => {
    for (const statement of FORBIDDEN[part]) {
      const refused = sessions[part].begin(async (tx) => tx.unsafe(statement));
      await expect(refused.catch(({ code }) => [statement, code])).resolves.toEqual([
        statement,
        '42501',
      ]);
    }
  });
});

test('the probes of a worker are not content with what an operator may do', async () => {
  const { operator } = sessions;
  expect(await checkRights(operator, ['worker', 'operator'])).toMatchObject({ state: 'ok' });
  expect(await checkRights(operator, ['worker'])).toMatchObject({
    state: 'failed',
    message: expect.stringMatching(`^role ${ROLES.operator} lacks rights of a worker: GRANT `),
  });
});

test('a missing right is one line, in lrm doctor and at the start of a worker', async () => {
  const owner = sessions.owner;
  const worker = quoted(ROLES.worker);
  await owner.unsafe(`revoke insert, update on ${OURS}.attempts from ${worker}`);
  const line = `role ${ROLES.worker} lacks rights of a worker: GRANT INSERT, UPDATE ON "${OURS}"."attempts" TO ${worker}`;
  const { code, stdout } = await as('worker', 'doctor', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(stdout).checks).toContainEqual(
    expect.objectContaining({ check: 'rights', state: 'failed', message: line }),
  );
  const refused = servers.spawnWorker({ jobs, env: { DATABASE_URL: urlOf('worker') } });
  expect(await refused.exited).toBe(1);
  expect(JSON.stringify(refused.log())).toMatch(JSON.stringify(line).slice(1, -1));
  // What it says can be run as it is.
  await owner.unsafe(line.slice(line.indexOf('GRANT')));
  expect((await as('worker', 'doctor')).code).toBe(0);

  await owner.unsafe(`revoke update (status) on ${OURS}.migrations from ${quoted(ROLES.operator)}`);
  expect((await as('operator', 'doctor')).stdout.replace(/\s+/g, ' ')).toContain(
    `lacks rights of an operator: GRANT UPDATE ("status") ON "${OURS}"."migrations" TO "${ROLES.operator}"`,
  );
});

test('lrm grants runs nothing, and refuses what can be no role', async () => {
  const env = { PATH: process.env['PATH'], LRM_SCHEMA: 'our_own' };
  const { stdout } = await runLrm(env, ['grants']);
  expect(stdout).toMatch('GRANT USAGE ON SCHEMA "our_own" TO "lrm_worker";');
  expect(stdout).not.toMatch('visitor');
  expect((await runLrm(env, ['grants', '--visitor', 'app'])).stdout).toMatch(
    'GRANT INSERT, UPDATE, DELETE ON "our_own"."visiting_attempts" TO "app";',
  );
  for (const [role, why] of [
    ['', 'the name of a role is missing'],
    ['a\nb', 'the name of a role can not have control characters'],
    ['Public', 'PUBLIC is every role'],
    ['x'.repeat(64), 'Postgres cuts names at 63 bytes'],
  ] as const) {
    expect(() => readRoles({ worker: role })).toThrow(`--worker: ${why}`);
  }
});
