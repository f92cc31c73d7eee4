import { beforeAll, expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';
import { attempts, register, startRun, waitForMigration } from '../support/migrations';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const NAME = '0001_steps';
const GATE = 4711;

beforeAll(() =>
  servers.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, 200);
    create table effects (what text, attempt integer, pid integer);
    -- A build over it does not end while the test holds the lock.
    create function slow(i integer) returns integer language plpgsql immutable as $$
    begin
      perform pg_advisory_lock_shared(${GATE});
      perform pg_advisory_unlock_shared(${GATE});
      return i;
    end $$`),
);

/** It kills its own process in the first three attempts, each time at another place. */
const JOB = `
  const { sql } = require('drizzle-orm');
  const die = () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); };
  exports.run = async (job) => {
    const note = (to, what) => to.execute(sql\`insert into effects values (\${what}, \${job.attempt}, \${process.pid})\`);
    const filled = await job.step('fill', async () => {
      await note(job.db, 'fill');
      let batches = 0;
      await job.inBatches(sql\`ledger\`, { key: sql\`id\`, throttle: false, batchSize: { max: 20 } }, async (tx, batch) => {
        await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
        if (job.attempt === 1 && ++batches === 3) await die();
      });
      if (job.attempt === 2) await die();
      return { by: job.attempt };
    });
    await job.step('swap', { transaction: true }, async (tx) => {
      await note(tx, 'swap');
      if (job.attempt === 3) await die();
    });
    await job.inBatches(sql\`ledger\`, { key: sql\`id\`, throttle: false }, async (tx, batch) => {
      await tx.execute(sql\`update ledger set touched = touched + 10 where \${batch}\`);
    });
    await note(job.db, 'build');
    await job.createIndexConcurrently('by_touched', sql\`ledger\`, sql\`(slow(touched))\`);
    for (let i = 0; i < 100; i++) await job.step('small ' + i, async () => i);
    await note(job.db, 'filled by ' + filled.by);
  };`;

test('steps, walks and an index build are each done once, wherever the process is killed', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob(NAME, JOB);
  await servers.startWorker({ jobs, env: { LRM_RETRY_INITIAL_INTERVAL: '50 ms' } });
  const gate = await servers.sql.reserve();
  await gate`select pg_advisory_lock(${GATE})`;
  await register(servers, NAME);
  const run = await startRun(servers);
  // The fourth attempt is killed from outside, while Postgres builds the index.
  const isBuilding = (step: string | null) => step?.startsWith('index by_touched: building index');
  await waitForMigration(servers, NAME, 'build its index', ({ step }) => isBuilding(step) === true);
  const shown = await servers.lrm('status', NAME);
  expect(shown.stdout).toMatch(/step: index by_touched: building index/);
  expect(shown.stdout).not.toMatch(/0 s left/);
  expect(shown.stdout).toMatch(/^fill .* done$/m);
  await kill(4);
  await waitForMigration(servers, NAME, 'build again', ({ attempts, step }) =>
    Boolean(attempts === 5 && isBuilding(step)),
  );
  await gate`select pg_advisory_unlock(${GATE})`;
  gate.release();
  const ended = await waitForMigration(
    servers,
    NAME,
    'end',
    ({ status }) => status !== 'in_progress',
  );

  expect(ended).toMatchObject({ status: 'completed', rowsDone: '400', step: null });
  expect((await attempts(servers, NAME)).map(({ outcome }) => outcome)).toEqual([
    ...['retried', 'retried', 'retried', 'retried'],
    'completed',
  ]);
  expect(await servers.sql`select distinct touched from ledger`).toEqual([{ touched: 11 }]);
  const effects = await servers.sql`select what, attempt from effects order by attempt, what`;
  expect(effects.map(({ what, attempt }) => `${attempt} ${what}`)).toEqual([
    // Without a transaction at least once, and with one exactly once.
    ...['1 fill', '2 fill', '3 fill', '4 build', '4 swap', '5 build', '5 filled by 3'],
  ]);
  const indexes = await servers.sql`
    select c.relname as name, indisvalid as valid from pg_index join pg_class c on c.oid = indexrelid
    where indrelid = 'ledger'::regclass and not indisprimary`;
  expect(indexes).toEqual([{ name: 'by_touched', valid: true }]);
  // A hundred steps are no hundred events: a long history would cut a build off by continue-as-new.
  expect((await run.describe()).historyLength).toBeLessThan(150);
}, 120_000);

async function kill(attempt: number): Promise<void> {
  const pid = await waitFor(`the process of attempt ${attempt}`, async () => {
    const [row] = await servers.sql`select pid from effects where attempt = ${attempt}`;
    return row?.['pid'] as number | undefined;
  });
  process.kill(pid, 'SIGKILL');
}
