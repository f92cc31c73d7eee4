import { spawn } from 'node:child_process';
import path from 'node:path';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { projectFolder } from '../../settings/projectFolder';
import { useDevServers } from '../support/devServers';
import type { JobsFolder } from '../support/jobsFolder';
import { runLrm } from '../support/lrm';
import { migration, register } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const NAME = '0001_people';

let jobs: JobsFolder;

/** Nothing listens at Temporal's address: a dry run asks nobody but the database. */
const env = () => servers.env({ LRM_JOBS_DIR: jobs.path, TEMPORAL_ADDRESS: '127.0.0.1:1' });
const dryRun = (...args: string[]) => runLrm(env(), ['dry-run', NAME, ...args]);

beforeAll(async () => {
  jobs = servers.jobsFolder();
  await servers.sql.unsafe(`
    create table people (id integer primary key, name text, number serial);
    create table big (id integer, filler text);
    insert into big select n, repeat('x', 500) from generate_series(1, 5000) n; analyze big`);
});

beforeEach(async () => {
  await servers.sql.unsafe(`
    truncate long_running_migrations.migrations cascade;
    truncate people; insert into people select n, 'p' || n from generate_series(1, 2000) n`);
  await servers.sql`analyze people`;
  await register(servers, NAME);
});

/** Every row version, with the transaction that wrote it. */
async function everything(): Promise<unknown> {
  const tables = await servers.sql<{ name: string }[]>`
    select table_schema || '.' || table_name as name from information_schema.tables
    where table_schema in ('public', 'long_running_migrations') and table_type = 'BASE TABLE'
      and table_name <> 'big' order by 1`;
  const found: Record<string, unknown> = {};
  for (const { name } of tables) {
    found[name] = await servers.sql.unsafe(
      `select xmin::text, ctid::text, t::text as row from ${name} t order by ctid`,
    );
  }
  expect(Object.keys(found)).toContain('long_running_migrations.migrations');
  return found;
}

/** A job that walks over people and runs `statements` in each batch. */
const walk = (statements: string, more = '') =>
  jobs.writeJob(
    NAME,
    `const { sql } = require('drizzle-orm');
     exports.run = async (job) => {
       await job.inBatches(sql\`people\`, { key: sql\`id\`, batchSize: { max: 100 } }, async (tx, batch) => {
         ${statements}
       });
       ${more}
     };`,
  );
const UPDATE = "await tx.execute(sql`update people set name = name || '!' where ${batch}`);";

test('the first batches run and are rolled back: no row of the application or of ours is written', async () => {
  walk(UPDATE);
  const before = await everything();
  const { code, stdout, stderr } = await dryRun();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^batch 1: 100 rows of public\.people, [0-9.]+ ms\n(batch [23]: \d+ rows of public\.people, [0-9.]+ ms\n){2}walk 1: about 2,000 rows of public\.people, about .+ in batches of \d+ rows\n3 batches worked, and everything was rolled back\n$/,
  );
  expect(await everything()).toEqual(before);

  const json = JSON.parse((await dryRun('--batches', '2', '--json')).stdout);
  expect(json).toMatchObject({
    name: NAME,
    end: 'enough',
    error: null,
    batches: [{ walk: '1', rows: 100, total: 2000 }, { rows: expect.any(Number) }],
    scans: [],
    sequences: [],
  });
  expect(await everything()).toEqual(before);
  // The real run finds nothing of it.
  expect((await runLrm(env(), ['run', '--inline'])).code).toBe(0);
  expect(await migration(servers, NAME)).toMatchObject({ status: 'completed', attempts: 1 });
  const [names] =
    await servers.sql`select count(*)::int as n from people where name ~ '^p[0-9]+!$'`;
  expect(names).toEqual({ n: 2000 });
});

test.each([
  ['COMMIT', 'await tx.execute(sql`commit`);'],
  ['COMMIT AND CHAIN', 'await tx.execute(sql`commit and chain`);'],
  ['PREPARE TRANSACTION', "await tx.execute(sql`prepare transaction 'x'`);"],
  ['COMMIT that is caught', 'try { await tx.execute(sql`commit`); } catch {}'],
  [
    'SET CONSTRAINTS, COMMIT',
    'await tx.execute(sql`set constraints all immediate`); await tx.execute(sql`commit`);',
  ],
  [
    'ROLLBACK, BEGIN',
    'await tx.execute(sql.raw("rollback; begin read write; update people set name = null; commit"));',
  ],
])('a batch that sends %s commits nothing', async (_, statement) => {
  walk(`${UPDATE} ${statement}`);
  const before = await everything();
  expect(await dryRun()).toMatchObject({ code: 1 });
  expect(await everything()).toEqual(before);
});

test('outside of transactions a job can read, and a write is refused in one line', async () => {
  const write = 'update people set name = null';
  for (const statement of [`job.sql\`${write}\``, `job.db.execute(sql\`${write}\`)`]) {
    jobs.writeJob(
      NAME,
      `const { sql } = require('drizzle-orm');
       exports.run = async (job) => {
         if ((await job.sql\`select from people\`).length !== 2000) throw new TypeError('no rows');
         await ${statement};
       };`,
    );
    const before = await everything();
    const { code, stderr } = await dryRun();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^lrm: 0001_people: it writes outside of a transaction, which a dry run could not undo: .*0001_people\.js:4.*\n$/,
    );
    expect(await everything()).toEqual(before);
  }
});

test('what no rollback would undo is refused, and nothing is sent', async () => {
  const statements = [
    "job.sql.unsafe('begin read write; update people set name = null; commit')",
    "job.sql.unsafe('begin read /**/ write; update people set name = null; commit')",
    "job.db.execute(sql.raw('start transaction read write; delete from people; commit'))",
    'job.sql`set default_transaction_read_only = off`',
    "job.sql`select set_config('transaction_read_only', 'off', false)`",
    'job.sql`set session characteristics as transaction read write`',
    'job.sql.file(__filename)',
    "job.sql.notify('channel', 'text')",
    "job.sql`select pg_notify('channel', 'text')`",
    'job.sql`notify channel`',
    'job.sql.reserve()',
  ];
  jobs.writeJob(
    NAME,
    `const { sql } = require('drizzle-orm'); // begin read write
     exports.run = async (job) => {
       for (const send of [${statements.map((each) => `() => ${each}`).join(', ')}]) {
         const error = await Promise.resolve().then(send).catch((error) => error);
         if (!/dry run/.test(error.message + error.cause?.message)) throw new TypeError('sent');
       }
       await job.sql\`select notify, read_write from (select 1 as notify, 2 as read_write) x\`;
       // Whatever session it has met.
       for (let i = 0; i < 30; i++) await job.sql\`update people set name = null\`.catch(() => {});
     };`,
  );
  const before = await everything();
  expect(await dryRun()).toMatchObject({ code: 0, stderr: '' });
  expect(await everything()).toEqual(before);
});

/** One whose check can wait for the COMMIT. */
const CHILD = `create table child (id integer, parent integer references people (id)
  deferrable initially deferred)`;

test('what would fail at the COMMIT fails, and SET CONSTRAINTS does not find more than that', async () => {
  await servers.sql.unsafe(CHILD);
  try {
    const before = await everything();
    walk('await tx.execute(sql`insert into child select id, -id from people where ${batch}`);');
    expect(await dryRun()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/foreign key violation .* on constraint child_parent_fkey/),
    });
    walk(`await tx.execute(sql\`insert into child select id, -id from people where \${batch}\`);
      await tx.execute(sql\`update child set parent = id\`);
      await tx.execute(sql\`set constraints all immediate\`);`);
    expect(await dryRun()).toMatchObject({ code: 0, stderr: '' });
    expect(await everything()).toEqual(before);
  } finally {
    await servers.sql`drop table child`;
  }
});

test('transactions of another kind are tried, too', async () => {
  const kinds = [
    "job.db.transaction(change, { isolationLevel: 'serializable', accessMode: 'read write' })",
    "job.db.transaction(look, { accessMode: 'read only' })",
    "job.sql.begin('isolation level repeatable read', (tx) => tx`delete from people`)",
    "job.sql.begin('read only', async (tx) => { await tx`set transaction isolation level serializable`; await tx`select 1`; })",
    "job.sql.begin('read only', async (tx) => { await tx`set transaction read /**/ write`; await tx`delete from people`; })",
    'job.sql.begin(async (tx) => { await tx`set transaction isolation level serializable`; await tx`delete from people`; })',
  ];
  jobs.writeJob(
    NAME,
    `const { sql } = require('drizzle-orm');
     const change = (tx) => tx.execute(sql\`delete from people\`);
     const look = (tx) => tx.execute(sql\`select 1\`);
     exports.run = async (job) => { ${kinds.map((each) => `await ${each};`).join(' ')} };`,
  );
  const before = await everything();
  expect(await dryRun('--batches', '10')).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(
      /^(batch .: a transaction of the job, .*\n){6}run\(\) returned; 6 batch/,
    ),
  });
  expect(await everything()).toEqual(before);
});

test('the first statement of a transaction can commit nothing either', async () => {
  jobs.writeJob(
    NAME,
    `const { sql } = require('drizzle-orm');
     exports.run = async (job) => {
       for (const work of [
         () => job.sql.begin((tx) => tx.unsafe('delete from people; commit').execute()),
         () => job.sql.begin((tx) => [tx\`delete from people\`, tx\`commit\`]),
         () => job.db.transaction((tx) => tx.transaction((inner) => inner.execute(sql\`commit\`))),
       ]) {
         if ((await work().catch(() => 'failed')) !== 'failed') throw new TypeError('committed');
       }
     };`,
  );
  const before = await everything();
  expect(await dryRun()).toMatchObject({ code: 0, stderr: '' });
  expect(await everything()).toEqual(before);
});

test('another database is refused: what is done there could not be rolled back', async () => {
  jobs.writeJob(NAME, "exports.run = (job) => job.database('archive').sql`select 1`;");
  const settings = { ...env(), LRM_DATABASE_ARCHIVE_URL: servers.databaseUrl };
  expect(await runLrm(settings, ['dry-run', NAME])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching('a dry run works in the main database alone'),
  });
});

test('bad rows are left out as in an attempt, and are recorded nowhere', async () => {
  jobs.writeJob(
    NAME,
    `const { sql } = require('drizzle-orm');
     exports.run = (job) => job.inBatches(sql\`people\`, { key: sql\`id\`, onError: 'skip' }, (tx, batch) =>
       tx.execute(sql\`update people set name = (1 / (id - 7))::text where \${batch}\`));`,
  );
  const before = await everything();
  const { code, stdout, stderr } = await dryRun('--batches', '10');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch('10 batches worked');
  expect(await everything()).toEqual(before);
});

test('a step is kept in memory, and an index is refused: no rollback removes it', async () => {
  jobs.writeJob(
    NAME,
    `const { sql } = require('drizzle-orm');
     exports.run = async (job) => {
       if ((await job.step('count', async () => 7)) !== 7) throw new TypeError('no result');
       await job.step('in one', { transaction: true }, (tx) => tx.execute(sql\`delete from people\`));
       await job.createIndexConcurrently('people_name', sql\`people\`, sql\`(name)\`);
     };`,
  );
  const before = await everything();
  const { code, stderr } = await dryRun();
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^lrm: 0001_people: it writes outside of a transaction, which a dry run could not undo: .*\n$/,
  );
  expect(await everything()).toEqual(before);
  expect(await servers.sql`select from pg_class where relname = 'people_name'`).toHaveLength(0);
});

test('the job gets the input of its registration', async () => {
  jobs.writeJob(
    NAME,
    "exports.run = async (job) => { if (job.input.days !== 7) throw new TypeError('no input'); };",
  );
  await servers.sql`update long_running_migrations.migrations set input = '{"days":7}'`;
  expect(await dryRun()).toMatchObject({
    code: 0,
    stdout: 'run() returned; 0 batches worked, and everything was rolled back\n',
  });
});

test("the job's own transactions are rolled back, too, and count as batches", async () => {
  jobs.writeJob(
    NAME,
    `const { sql } = require('drizzle-orm');
     exports.run = async (job) => {
       for (;;) {
         await job.sql.begin((tx) => tx\`update people set name = null\`);
         await job.db.transaction(async (tx) => {
           await tx.execute(sql\`delete from people\`);
           await job.saveCheckpoint('done', tx);
         });
         if ((await job.checkpoint()) !== 'done') throw new TypeError('it was not kept');
       }
     };`,
  );
  const before = await everything();
  const { code, stdout } = await dryRun();
  expect(stdout).toMatch(
    /^(batch [123]: a transaction of the job, [0-9.]+ ms\n){3}3 batches worked/,
  );
  expect(code).toBe(0);
  expect(await everything()).toEqual(before);
});

test('forEach is refused unless the operator allows it, and then does so many items', async () => {
  jobs.writeJob(
    NAME,
    `const { sql } = require('drizzle-orm');
     exports.run = (job) => job.forEach(sql\`people\`, { key: sql\`id\`, columns: { id: sql\`id\` } },
       async ({ id }) => { job.log.info('item ' + id); });`,
  );
  const before = await everything();
  const refused = await dryRun();
  expect(refused).toMatchObject({
    code: 2,
    stderr:
      "lrm: 0001_people: forEach calls its body outside of transactions, and what it does there can't be undone. To call it: --yes-side-effects\n",
  });
  const allowed = await dryRun('--yes-side-effects');
  expect(allowed.code).toBe(0);
  expect(allowed.stderr).toBe('lrm: item 1\nlrm: item 2\nlrm: item 3\n');
  expect(await everything()).toEqual(before);
});

test('a big table that is read from end to end is named, and so are sequences that moved', async () => {
  walk(
    `await tx.execute(sql\`select count(*) from big where id = \${7}\`);
     await tx.execute(sql\`insert into people (id, name) select max(id) + 1, 'x' from people\`);`,
  );
  const { code, stderr } = await dryRun();
  expect(code).toBe(0);
  expect(stderr).toMatch(
    'lrm: a statement reads all of public.big (3 MB, Seq Scan): select count(*) from big where id = $1\n',
  );
  expect(stderr).toMatch(/not undone: sequences have moved .*: public\.people_number_seq\n/);
  // The index serves the other table, which is small.
  expect(stderr).not.toMatch('reads all of public.people');
});

test('so are those that statements in a savepoint and of postgres.js read', async () => {
  jobs.writeJob(
    NAME,
    `const { sql } = require('drizzle-orm');
     exports.run = async (job) => {
       await job.db.transaction((tx) =>
         tx.transaction((inner) => inner.execute(sql\`select 1 from big where id = \${7}\`)));
       await job.sql.begin((tx) => [tx\`select 2 from big where id = \${7}\`]);
       await job.sql.begin((tx) => tx.savepoint((inner) => inner\`select 3 from big\`));
     };`,
  );
  const lines = (await dryRun()).stderr.trim().split('\n');
  expect(
    lines.map((line) => line.replace('a statement reads all of public.big (3 MB, Seq Scan)', '')),
  ).toEqual([
    'lrm: : select 1 from big where id = $1',
    'lrm: : select 2 from big where id = $1',
    'lrm: : select 3 from big',
  ]);
});

test('EXPLAIN executes nothing, whatever comes behind a statement in its text', async () => {
  const several = "select 1; select nextval('people_number_seq')";
  jobs.writeJob(NAME, `exports.run = (job) => job.sql.begin((tx) => tx.unsafe("${several}"));`);
  const [first] = await servers.sql`select nextval('people_number_seq') as at`;
  expect((await dryRun()).code).toBe(0);
  const [last] = await servers.sql`select nextval('people_number_seq') as at`;
  expect(Number(last?.['at'])).toBe(Number(first?.['at']) + 2);
});

test('a checkpoint is read as a later attempt would read it', async () => {
  jobs.writeJob(
    NAME,
    `exports.run = async (job) => {
       await job.saveCheckpoint({ at: new Date(0) });
       if ((await job.checkpoint()).at !== '1970-01-01T00:00:00.000Z') throw new TypeError('a Date');
       await job.saveCheckpoint(undefined);
       if ((await job.checkpoint()) !== undefined) throw new TypeError('not undefined');
       await job.saveCheckpoint(1n);
     };`,
  );
  expect(await dryRun()).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/TypeError at 0001_people\.js:6:/),
  });
});

test('a body that fails shows its error, with file and line', async () => {
  walk('await tx.execute(sql`select 1 / 0`);');
  const { code, stderr } = await dryRun();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^lrm: 0001_people: .* at 0001_people\.js:4:.*division by zero/);
});

test.each([
  [['--batches', '0'], 2, '--batches is not a whole number from 1 to 100'],
  [['--batches', 'x'], 2, '--batches is not a whole number'],
])('dry-run %j is refused', async (args, code, line) => {
  expect(await dryRun(...args)).toMatchObject({ code, stderr: expect.stringMatching(line) });
});

test('it is refused without the file, and while an attempt runs', async () => {
  walk(UPDATE);
  await register(servers, '0002_missing');
  expect(await runLrm(env(), ['dry-run', '0002_missing'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching('there is no file 0002_missing in'),
  });
  await servers.sql`
    with attempt as (
      insert into long_running_migrations.attempts (migration, number, worker, run_id)
      values (${NAME}, 1, '1@test', 'run') returning id)
    update long_running_migrations.migrations
    set status = 'in_progress', current_attempt = (select id from attempt)`;
  expect(await dryRun()).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      'an attempt of 0001_people is running: npx lrm pause 0001_people',
    ),
  });
});

test('a dry run that is killed in the middle of a batch leaves nothing, and no session', async () => {
  walk(`${UPDATE} await tx.execute(sql\`select pg_sleep(600)\`);`);
  const before = await everything();
  const lrm = spawn(process.execPath, [path.join(projectFolder, 'bin/lrm.js'), 'dry-run', NAME], {
    env: env(),
    stdio: 'ignore',
  });
  const sessions = async () =>
    (
      await servers.sql`
        select pid from pg_stat_activity
        where datname = current_database() and application_name like 'lrm:%:-%'`
    ).length;
  await waitFor('the batch to sleep', async () => (await sessions()) > 0, 30_000);
  lrm.kill('SIGKILL');
  await waitFor('its sessions to end', async () => (await sessions()) === 0, 30_000);
  expect(await everything()).toEqual(before);
});
