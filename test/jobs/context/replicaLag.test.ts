import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { connect, type Sql } from '../../../drizzle/connect';
import { applyMigrations } from '../../../drizzle/migrator/migrate';
import { type DevServers, startDevServers } from '../../../worker/local/devServers';
import { type Replica, startReplica } from '../../support/replica';
import { waitFor } from '../../support/waitFor';
import { withAttempt } from './attempts';

const folder = mkdtempSync(path.join(tmpdir(), 'lrm-test-'));
let primary: DevServers;
let replica: Replica;
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
  // It replays three seconds late.
  const settings = `recovery_min_apply_delay = '3s'\nport = 1\nlisten_addresses = ''
    wal_receiver_status_interval = '1s'`;
  replica = await startReplica(databaseUrl, folder, settings);
});

afterAll(async () => {
  await replica?.stop();
  await database?.sql.end({ timeout: 1 });
  await primary?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('inBatches waits for a replica that is behind, and says which', async () => {
  await database.sql.unsafe(
    `create table busy (id integer primary key);
    insert into busy select generate_series(1, 10);
    create table written (at timestamptz)`,
  );
  await waitFor('the replica to be seen behind', async () => {
    await database.sql`insert into written values (now())`;
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
