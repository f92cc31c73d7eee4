import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect, type Sql } from '../../../../drizzle/connect';
import { type Database, database as drizzle } from '../../../../drizzle/database';
import {
  type HardStopOptions,
  hardStops,
  readHardStops,
} from '../../../../jobs/context/throttle/hardStops';
import { type DevServers, startDevServers } from '../../../../worker/local/devServers';
import { waitFor } from '../../../support/waitFor';

let server: DevServers;
/** A superuser. */
let admin: Sql;
/** As a role without any right but its own. */
let db: Database;
const warnings: string[] = [];
const log = { debug() {}, info() {}, error() {}, warn: (text: string) => void warnings.push(text) };

beforeAll(async () => {
  server = await startDevServers({
    folder: mkdtempSync(path.join(tmpdir(), 'lrm-test-')),
    temporary: true,
    fresh: false,
    postgres: {
      settings: {
        fsync: 'off',
        archive_mode: 'on',
        autovacuum_naptime: '1',
      },
    },
    temporal: null,
  });
  const url = server.endpoints.databaseUrl ?? '';
  admin = connect(url, { applicationName: 'test', max: 2 });
  await admin.unsafe(`create role plain login password 'secret'`);
  const plain = new URL(url);
  plain.username = 'plain';
  plain.password = 'secret';
  db = drizzle(connect(plain.href, { applicationName: 'test', max: 1 }));
});

afterAll(async () => {
  await Promise.all([admin, db?.$client].map((each) => each?.end({ timeout: 1 })));
  await server?.stop();
});

const OFF = { unarchivedWal: false, slotLag: false, wraparoundVacuum: false } as const;

/** Asks the checks of a walk that has only these. */
function reasons(options: HardStopOptions, tableId = '0'): () => Promise<string | undefined> {
  const checks = hardStops({ db, log }, tableId, readHardStops({ ...OFF, ...options }));
  return async () => {
    for (const check of checks) {
      const reason = await check();
      if (reason) return reason;
    }
    return undefined;
  };
}

/** Changes settings of the server. */
async function configure(...settings: readonly string[]): Promise<void> {
  for (const setting of settings) await admin.unsafe(`alter system set ${setting}`);
  await admin`select pg_reload_conf()`;
}

/** Writes so much WAL. */
async function writeWal(megabytes: number): Promise<void> {
  await admin`select pg_logical_emit_message(true, 'test', repeat('x', ${megabytes * 1_048_576}::int))`;
}

test('a walk waits while WAL is not archived, and goes on when it is', async () => {
  await configure(`archive_command = 'false'`);
  const behind = reasons({ unarchivedWal: '20 MB' });
  // Before the first file is full, nothing tells how far archiving is.
  expect(await behind()).toBeUndefined();
  await writeWal(24);
  const reason = await waitFor('archiving to fail', async () => {
    const now = await behind();
    return now?.includes('fails') && now;
  });
  expect(reason).toMatch(/^WAL archiving is [234]\d MB behind: its command fails$/);
  await configure(`archive_command = 'true'`);
  // It wakes the archiver, which waits for a minute after three failures.
  await admin`select pg_switch_wal()`;
  await waitFor('WAL to be archived', async () => (await behind()) === undefined);
});

test('WAL that waits although no archiving has failed counts from the first look', async () => {
  await configure(`archive_command = ''`);
  await admin`select pg_stat_reset_shared('archiver')`;
  const behind = reasons({ unarchivedWal: '1 MB' });
  await waitFor('the statistics to be empty', async () => {
    const [row] = await admin`select from pg_stat_archiver where last_archived_wal is null`;
    return row;
  });
  expect(await behind()).toBeUndefined();
  await writeWal(2);
  expect(await behind()).toMatch(/^WAL archiving is [23](\.\d)? MB behind$/);
});

test('a walk waits while a replication slot holds back WAL', async () => {
  const behind = reasons({ slotLag: '4 MB' });
  // A new slot begins at the last checkpoint.
  await admin`checkpoint`;
  await admin`select pg_create_physical_replication_slot('eu_2', true)`;
  expect(await behind()).toBeUndefined();
  await writeWal(5);
  expect(await behind()).toMatch(
    /^replication slot eu_2 holds back 5(\.\d)? MB of WAL, and nobody reads it$/,
  );
  expect(await reasons({ slotLag: '1 GB' })()).toBeUndefined();
  // The server would invalidate the slot at 8 MB.
  await configure(`max_slot_wal_keep_size = '8MB'`);
  await waitFor('half of the limit to count', () => reasons({ slotLag: '1 GB' })());
  await configure('max_slot_wal_keep_size = -1');
  await admin`select pg_drop_replication_slot('eu_2')`;
  expect(await behind()).toBeUndefined();
});

test('a walk waits while autovacuum prevents wraparound on its table, and no other one', async () => {
  // Slow enough to be met.
  await configure('autovacuum_vacuum_cost_delay = 100', 'autovacuum_vacuum_cost_limit = 1');
  await admin.unsafe(`
    create table parts (id integer, text text) partition by range (id);
    create table old partition of parts for values from (0) to (1000000) 
      with (autovacuum_freeze_max_age = 100000);
    insert into parts select id, repeat('x', 500) from generate_series(1, 20000) id;
    create table other (id integer);
    create table burnt (id integer)`);
  const oid = async (name: string): Promise<string> => {
    const [row] = await admin<{ oid: string }[]>`select ${name}::regclass::oid::text as oid`;
    return row?.oid ?? '';
  };
  const walked = reasons({ wraparoundVacuum: true }, await oid('parts'));
  expect(await walked()).toBeUndefined();
  // Each subtransaction takes an ID.
  await admin.unsafe(`do $$ begin for i in 1..110000 loop
    begin insert into burnt values (i); exception when unique_violation then null; end;
  end loop; end $$`);
  expect(await waitFor('autovacuum', walked)).toBe(
    'autovacuum works on public.old to prevent wraparound',
  );
  expect(await reasons({ wraparoundVacuum: true }, await oid('other'))()).toBeUndefined();
  expect(await reasons({}, await oid('parts'))()).toBeUndefined();
  await configure('autovacuum_vacuum_cost_delay = 0');
  await waitFor('autovacuum to end', async () => (await walked()) === undefined);
});

test.each(['lock_timeout', 'statement_timeout'])(
  'a look that meets a %s is left out, and the next one counts again',
  async (timeout) => {
    const behind = reasons({ unarchivedWal: '1 MB' });
    expect(await behind()).toBeUndefined();
    await writeWal(2);
    await db.$client.unsafe(`set ${timeout} = '100ms'`);
    await admin.begin(async (tx) => {
      await tx.unsafe('lock table pg_catalog.pg_stat_archiver in access exclusive mode');
      expect(await behind()).toBeUndefined();
    });
    await db.$client.unsafe(`reset ${timeout}`);
    expect(await behind()).toContain('WAL archiving is');
    expect(warnings).toEqual([]);
  },
);

test('a check that the server refuses is left out, and the log says so once', async () => {
  await admin.unsafe('revoke execute on function pg_current_wal_lsn() from public');
  const behind = reasons({ unarchivedWal: '1 MB', slotLag: '1 MB' });
  expect([await behind(), await behind()]).toEqual([undefined, undefined]);
  expect(warnings).toEqual([
    "the throttle can't look at WAL archiving (SQLSTATE 42501): the walk does not wait for it",
    "the throttle can't look at replication slots (SQLSTATE 42501): the walk does not wait for it",
  ]);
});

test.each<[object, string]>([
  [{ unarchivedWal: '1' }, "throttle.unarchivedWal is not a size; write '1 GB', or false"],
  [{ slotLag: 5 }, "throttle.slotLag is not a size; write '1 GB', or false"],
  [{ wraparoundVacuum: 'no' }, 'throttle.wraparoundVacuum is neither true nor false'],
])('%j is refused', (options, message) => {
  expect(() => readHardStops(options)).toThrow(message);
});

test('by default all of them are on', () => {
  expect(readHardStops({})).toEqual({
    unarchivedBytes: 1024 ** 3,
    slotBytes: 4 * 1024 ** 3,
    wraparound: true,
  });
});
