import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { withAttempt } from './attempts';

const database = useDatabase();

const accounts = pgTable('accounts', {
  id: integer('id').primaryKey(),
  touched: integer('touched').notNull(),
});
const ROWS = 400;

beforeEach(async () => {
  await database.sql.unsafe(`
    create table accounts (id integer primary key, touched integer not null);
    insert into accounts select i, 0 from generate_series(1, ${ROWS}) i`);
});

afterEach(async () => {
  await database.sql.unsafe(
    'drop table accounts; truncate long_running_migrations.walks, long_running_migrations.finished_ranges',
  );
});

const touch = { touched: sql`touched + 1` };
const byId = { key: accounts.id, throttle: false } as const;
/** Four batches, whatever their speed. */
const inHundreds = { ...byId, batchSize: { min: 100, max: 100 } };

async function expectEachTouchedOnce(): Promise<void> {
  expect(
    await database.sql`select touched, count(*)::int as rows from accounts group by 1`,
  ).toEqual([{ touched: 1, rows: ROWS }]);
}

test('inBatches retries a batch in halves when another transaction holds a row', async () => {
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const sizes: number[] = [];
  const application = database.sql.begin(async (tx) => {
    await tx`select 1 from accounts where id = 150 for update`;
    await released;
  });
  await withAttempt(database, ({ job }) =>
    job.inBatches(accounts, inHundreds, async (tx, batch) => {
      const rows = await batch.rows({ id: accounts.id }, { lock: false });
      sizes.push(rows.length);
      // The second batch needs the row and ends by its lock timeout. The third is its first half.
      if (sizes.length === 3) release();
      await tx.update(accounts).set(touch).where(batch);
    }),
  );
  await application;
  expect(sizes.slice(0, 4)).toEqual([100, 100, 50, 50]);
  await expectEachTouchedOnce();
});

test('a deadlock between a batch and the application ends the batch, which is retried', async () => {
  let batchHasRow: () => void = () => {};
  const entered = new Promise<void>((resolve) => {
    batchHasRow = resolve;
  });
  const application = database.sql.begin(async (tx) => {
    await tx`select 1 from accounts where id = 90 for update`;
    await entered;
    await tx`select 1 from accounts where id = 10 for update`;
  });
  let tries = 0;
  await waitFor('the application to hold its row', async () => {
    const rows = await database.sql`select 1 from accounts where id = 90 for update skip locked`;
    return rows.length === 0;
  });
  await withAttempt(database, ({ job }) =>
    job.inBatches(accounts, { ...inHundreds, lanes: 2 }, async (tx, batch) => {
      tries += 1;
      const first = tx.update(accounts).set(touch).where(sql`${batch} and id <= 50`);
      // Only the batch with rows up to 50 can meet the application. The other lane's batches can't.
      if ((await first.returning({ id: accounts.id })).length > 0) batchHasRow();
      await tx.update(accounts).set(touch).where(sql`${batch} and id > 50`);
    }),
  );
  await application;
  expect(tries).toBeGreaterThan(4);
  await expectEachTouchedOnce();
});

test.each(['40001', '40P01'])('inBatches retries a batch after SQLSTATE %s', async (code) => {
  let failures = 3;
  await withAttempt(database, ({ job }) =>
    job.inBatches(accounts, byId, async (tx, batch) => {
      await tx.update(accounts).set(touch).where(batch);
      if (failures === 0) return;
      failures -= 1;
      await tx.execute(sql.raw(`do $$ begin raise exception using errcode = '${code}'; end $$`));
    }),
  );
  await expectEachTouchedOnce();
});

test('inBatches halves a batch that exceeds the statement timeout, until it fits', async () => {
  const most: number[] = [];
  await withAttempt(database, ({ job }) =>
    job.inBatches(accounts, { ...byId, batchSize: { min: 100 } }, async (tx, batch) => {
      const rows = await batch.rows({ id: accounts.id });
      await tx.execute(sql`set local statement_timeout = '100ms'`);
      await tx.update(accounts).set(touch).where(batch);
      await tx.execute(sql`select pg_sleep(${rows.length / 300})`);
      most.push(rows.length);
    }),
  );
  expect(Math.max(...most)).toBeLessThanOrEqual(30);
  await expectEachTouchedOnce();
});

test('inBatches gives up a batch after ten failures', async () => {
  let tries = 0;
  const hopeless = withAttempt(database, ({ job }) =>
    job.inBatches(accounts, byId, async (tx) => {
      tries += 1;
      await tx.execute(sql.raw("do $$ begin raise exception using errcode = '40001'; end $$"));
    }),
  );
  await expect(hopeless).rejects.toMatchObject({ cause: { code: '40001' } });
  expect(tries).toBe(10);
});

test('inBatches does not retry a batch that was committed, whatever fails after it', async () => {
  const name = new URL(database.databaseUrl).pathname.slice(1);
  await database.sql.unsafe(`alter database ${name} set statement_timeout = '300ms'`);
  const touchSlowly = () =>
    withAttempt(database, ({ job }) =>
      job.inBatches(accounts, { ...byId, batchSize: { max: 20 } }, async (tx, batch) => {
        await tx.update(accounts).set(touch).where(batch);
        await tx.execute(sql`select pg_sleep(0.1)`);
      }),
    );
  const walk = touchSlowly();
  // The low-water mark can't be moved while another session locks the walk's row.
  const held = database.sql.begin(async (tx) => {
    await waitFor('the walk to begin', async () => {
      const rows = await tx`select 1 from long_running_migrations.walks for update`;
      return rows.length > 0;
    });
    await expect(walk).rejects.toMatchObject({ cause: { code: '57014' } });
  });
  await held;
  await database.sql.unsafe(`alter database ${name} reset statement_timeout`);
  await touchSlowly();
  await expectEachTouchedOnce();
});

test('inBatches makes batches smaller when others wait for its locks', async () => {
  const options = { ...byId, targetBatchTime: '20 s', batchSize: { max: 100 } };
  let application: Promise<unknown> | undefined;
  await withAttempt(database, async ({ job, reports }) => {
    await job.inBatches(accounts, options, async (tx, batch) => {
      await tx.update(accounts).set(touch).where(batch);
      if (application) return;
      application = waitForRow();
      await waitFor('the application to wait during two checks of the locks', async () => {
        const [waiter] = await database.sql`
          select 1 from pg_stat_activity where query like '%for the batch%'
            and wait_event_type = 'Lock' and query_start < now() - interval '2.2 s'`;
        return waiter;
      });
    });
    const sizes = reports.map(({ details }) => Number(details?.['batchSize']));
    expect(sizes[1]).toBeLessThan(100);
  });
  await application;
  await expectEachTouchedOnce();
});

async function waitForRow(): Promise<void> {
  const waiting = database.sql`update accounts set touched = touched /* for the batch */ where id = 7`;
  await waiting;
}
