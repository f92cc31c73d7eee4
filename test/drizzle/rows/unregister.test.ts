import { beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { connect } from '../../../drizzle/connect';
import { database } from '../../../drizzle/database';
import { lockShared } from '../../../drizzle/rows/fence';
import { unregister } from '../../../drizzle/rows/unregister';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { insertEnded, insertMigration, insertRunning } from './rows';

const TIMEOUT = 30_000;
const test_ = useDatabase();

beforeEach(async () => {
  await test_.sql`truncate long_running_migrations.migrations cascade`;
});

const db = () => database(test_.sql);
const rows = async () => {
  const [counts] = await test_.sql<Record<string, number>[]>`
    select (select count(*) from long_running_migrations.migrations)::int as migrations,
      (select count(*) from long_running_migrations.attempts)::int as attempts,
      (select count(*) from long_running_migrations.walks)::int as walks,
      (select count(*) from long_running_migrations.steps)::int as steps,
      (select count(*) from long_running_migrations.finished_ranges)::int as ranges`;
  return { ...counts };
};

test('unregister removes a migration without attempts, and no other', async () => {
  await insertMigration(test_.sql, '0001_a');
  await insertMigration(test_.sql, '0002_b');
  const nothing = { attempts: 0, walks: 0, left: [] };
  expect(await unregister(db(), '0001_a', false, TIMEOUT)).toEqual(nothing);
  expect(await rows()).toMatchObject({ migrations: 1 });
  await expect(unregister(db(), '0001_a', false, TIMEOUT)).rejects.toThrow('is not registered');
});

test('unregister removes a history only on request, and then all of it', async () => {
  await insertMigration(test_.sql, '0001_a', 'failed');
  await insertEnded(test_.sql, '0001_a', 1, 'failed');
  await test_.sql`
    with walk as (
      insert into long_running_migrations.walks (migration, name, shape) values ('0001_a', 'w', '{}')
      returning id)
    insert into long_running_migrations.finished_ranges (walk, upto, rows)
    select id, '{1}', 1 from walk`;
  await test_.sql`
    insert into long_running_migrations.steps (migration, name) values ('0001_a', 'swap')`;
  await expect(unregister(db(), '0001_a', false, TIMEOUT)).rejects.toThrow(
    'has a history (1 attempt): to remove it as well, add --yes',
  );
  expect(await rows()).toEqual({ migrations: 1, attempts: 1, walks: 1, ranges: 1, steps: 1 });
  await unregister(db(), '0001_a', true, TIMEOUT);
  expect(await rows()).toEqual({ migrations: 0, attempts: 0, walks: 0, ranges: 0, steps: 0 });
});

test('unregister is refused while an attempt is alive, but not for a dead one', async () => {
  await insertRunning(test_.sql, '0001_a');
  await expect(unregister(db(), '0001_a', true, TIMEOUT)).rejects.toThrow(
    'an attempt of 0001_a is running: npx lrm cancel 0001_a first',
  );
  await test_.sql`
    update long_running_migrations.attempts set heartbeat_at = now() - interval '1 hour'`;
  await unregister(db(), '0001_a', true, TIMEOUT);
  expect(await rows()).toMatchObject({ migrations: 0, attempts: 0 });
});

test('unregister waits for a batch that is running', async () => {
  await insertMigration(test_.sql, '0001_a');
  let removed = false;
  let removal: Promise<unknown> = Promise.resolve();
  await db().transaction(async (tx) => {
    await tx.execute(lockShared('0001_a'));
    removal = unregister(db(), '0001_a', false, TIMEOUT).then(() => {
      removed = true;
    });
    await waitFor('unregister to wait for the lock', async () => {
      const [waiting] = await test_.sql`
        select from pg_locks join pg_stat_activity using (pid)
        where locktype = 'advisory' and not granted and datname = current_database()`;
      return waiting !== undefined;
    });
    expect(removed).toBe(false);
  });
  await removal;
  expect(await rows()).toMatchObject({ migrations: 0 });
});

test.each(['read committed', 'serializable'])(
  'unregister sees what was stored while it waited for the lock, where the default is %s',
  async (level) => {
    await insertMigration(test_.sql, '0001_a');
    const client = connect(test_.databaseUrl, {
      max: 1,
      applicationName: 'unregister',
      settings: { default_transaction_isolation: level },
    });
    let removing: Promise<unknown> | undefined;
    await database(test_.sql).transaction(async (tx) => {
      await tx.execute(lockShared('0001_a'));
      removing = unregister(database(client), '0001_a', false, TIMEOUT);
      removing.catch(() => {});
      await waitFor('unregister to wait for the lock', async () => {
        const waiting = await test_.sql`
          select 1 from pg_stat_activity where application_name = 'unregister'
            and datname = current_database() and wait_event_type = 'Lock'`;
        return waiting.length > 0;
      });
      await tx.execute(sql`
        insert into long_running_migrations.walks (migration, name, shape) values ('0001_a', 'w', '{}')`);
      await tx.execute(sql`update long_running_migrations.migrations set rows_done = 1`);
    });
    await expect(removing).rejects.toThrow('has a history');
    await client.end({ timeout: 1 });
  },
);
