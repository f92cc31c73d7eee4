import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect, type Sql } from '../../drizzle/connect';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { type DevServers, startDevServers } from '../../worker/local/devServers';
import { useDevServers } from '../support/devServers';
import { freePort } from '../support/freePort';
import { startRun } from '../support/migrations';
import { type CuttableProxy, startProxy } from '../support/proxy';
import { type Replica, startReplica } from '../support/replica';
import { waitFor } from '../support/waitFor';

const servers = useDevServers();
const ROWS = 1_000;
const folder = mkdtempSync(path.join(tmpdir(), 'lrm-test-'));
let primary: DevServers;
let replica: Replica;
let proxy: CuttableProxy;
let url: URL;
let replicaPort: number;
/** On the primary, and on the replica. */
let before: Sql;
let after: Sql;

const at = (host: string): string => Object.assign(new URL(url), { host }).href;

beforeAll(async () => {
  const postgres = { settings: { fsync: 'off' } };
  const request = { folder, temporary: true, fresh: false, postgres, temporal: null };
  primary = await startDevServers(request);
  url = new URL(primary.endpoints.databaseUrl ?? '');
  await applyMigrations(url.href, 'sql');
  before = connect(url.href, { applicationName: 'test', max: 2 });
  replicaPort = await freePort();
  const settings = `port = ${replicaPort}\nlisten_addresses = '127.0.0.1'`;
  replica = await startReplica(url.href, folder, settings);
  after = connect(at(`127.0.0.1:${replicaPort}`), { applicationName: 'test', max: 2 });
  proxy = await startProxy(url.host);
});

afterAll(async () => {
  await Promise.all([before, after].map((sql) => sql?.end({ timeout: 1 })));
  proxy?.close();
  await replica?.stop();
  await primary?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Its batches wait until the table `allowed` allows their rows. */
const WALK = `exports.run = async (job) => {
  const { sql } = require('drizzle-orm');
  const options = { key: sql\`id\`, lanes: 2, throttle: false, batchSize: { min: 10, max: 10 } };
  await job.inBatches(sql\`ledger\`, options, async (tx, batch) => {
    await tx.execute(sql\`update ledger set touched = touched + 1 where \${batch}\`);
    const allowed = sql\`select from allowed where upto >= (select max(id) from ledger where \${batch})\`;
    while ((await tx.execute(allowed)).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
};`;
const NOTE = 'exports.run = (job) => job.sql`insert into notes values (1)`;';

const touched = async (sql: Sql): Promise<number> => {
  const [row] = await sql`select count(*)::int as n from ledger where touched > 0`;
  return row?.['n'] ?? 0;
};
const attempt = async (sql: Sql) => {
  const [row] = await sql<{ number: number; pid: number | null }[]>`
    select m.attempts as number, (select min(pid) from pg_stat_activity
      where application_name = 'lrm:long_running_migrations:' || m.current_attempt) as pid
    from long_running_migrations.migrations m where name = '0001_walk'`;
  return row;
};
const status = async (sql: Sql, name: string) => {
  const [row] =
    await sql`select status from long_running_migrations.migrations where name = ${name}`;
  return row?.['status'];
};

test('each row is done once, and nothing counts as completed that is lost, when a replica is promoted that lacks the last commits', async () => {
  await before.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, ${ROWS});
    create table notes (id integer);
    create table allowed as select 400 as upto`);
  const jobs = servers.jobsFolder();
  jobs.writeJob('0001_walk', WALK);
  jobs.writeJob('0002_note', NOTE);
  const worker = await servers.startWorker({
    jobs,
    env: {
      DATABASE_URL: at(proxy.address),
      LRM_MAX_CONCURRENT: '2',
      LRM_RETRY_INITIAL_INTERVAL: '100ms',
    },
  });
  await before`insert into long_running_migrations.migrations (name) values ('0001_walk')`;
  const run = await startRun(servers);
  await waitFor('the replica to have a part of the walk', async () => {
    return (await touched(after).catch(() => 0)) >= 300;
  });
  await after`alter system set primary_conninfo = ''`;
  await after`select pg_reload_conf()`;
  await waitFor('the replica to receive nothing more', async () => {
    return (await after`select from pg_stat_wal_receiver`).length === 0;
  });

  // What follows is lost: another migration, batches, and the claim of a second attempt.
  await before`insert into long_running_migrations.migrations (name) values ('0002_note')`;
  await run.signal('tick');
  await waitFor('a migration to be completed', async () => {
    return (await status(before, '0002_note')) === 'completed';
  });
  const first = await attempt(before);
  await before`select pg_terminate_backend(${first?.pid ?? 0})`;
  await before`update allowed set upto = 800`;
  await waitFor('a second attempt to do a part of the walk', async () => {
    return (await attempt(before))?.number === 2 && (await touched(before)) >= 700;
  });
  // The old primary still runs: connections must not be needed to end on its side.
  await after`select pg_promote()`;
  proxy.retarget(`127.0.0.1:${replicaPort}`);

  await after`update allowed set upto = ${ROWS}`;
  // As the application's own migrations do when they run again.
  await after`insert into long_running_migrations.migrations (name) values ('0002_note')`;
  await run.signal('tick');
  expect(await run.result()).toMatchObject({ failed: { count: 0 } });
  const counts = await after`select touched, count(*)::int as rows from ledger group by touched`;
  expect(counts).toEqual([{ touched: 1, rows: ROWS }]);
  for (const name of ['0001_walk', '0002_note'])
    expect(await status(after, name)).toBe('completed');
  expect(await after`select * from notes`).toHaveLength(1);
  expect(worker.log()).toContainEqual(
    expect.objectContaining({
      msg: expect.stringContaining('Temporal has seen later attempts than the database counts'),
      attempt: 2,
      seen: 2,
    }),
  );
  expect(await worker.stop()).toBe(0);
}, 120_000);
