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
    /^(batch [123]: 100 rows of public\.people, [0-9.]+ ms\n){3}walk 1: about 2,000 rows of public\.people, about .+ in batches of 100 rows, about .+ with its throttling\n3 batches worked, and everything was rolled back\n$/,
  );
  expect(await everything()).toEqual(before);

  const json = JSON.parse((await dryRun('--batches', '2', '--json')).stdout);
  expect(json).toMatchObject({
    name: NAME,
    end: 'enough',
    error: null,
    batches: [{ walk: '1', rows: 100, total: 2000 }, { rows: 100 }],
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
  ['SET CONSTRAINTS', 'await tx.execute(sql`set constraints all immediate`);'],
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

test('another database is refused: what is done there could not be rolled back', async () => {
  jobs.writeJob(NAME, "exports.run = (job) => job.database('archive').sql`select 1`;");
  const settings = { ...env(), LRM_DATABASE_ARCHIVE_URL: servers.databaseUrl };
  expect(await runLrm(settings, ['dry-run', NAME])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching('a dry run works in the main database alone'),
  });
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
