import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable, timestamp } from 'drizzle-orm/pg-core';
import { applicationName } from '../../../drizzle/rows/sessions';
import { TableChanged } from '../../../jobs/context/walk/tableState';
import { TableWalk } from '../../../jobs/context/walk/tableWalk';
import { waitFor } from '../../support/waitFor';
import { beginAttempt, withAttempt } from './attempts';
import { useItems } from './items';

// Something else gets the name of a walk's table or of its key while the walk is under way, in an
// attempt or between two of them.
const ROWS = 1_000;
const database = useItems(ROWS);

afterEach(() =>
  database.sql.unsafe(`
    drop table if exists old_items, new_items;
    drop collation if exists own`),
);

const name = () => new URL(database.databaseUrl).pathname.slice(1);

const change = (script: string) => database.sql.unsafe(script);

/** Walks in one attempt, in batches of 100. `stopAfter`: so many batches, then it is stopped. */
const walk = (stopAfter = Number.POSITIVE_INFINITY) => {
  const stopped = new Error('enough');
  let batches = 0;
  const size = { min: 100, max: 100 } as const;
  const options = { key: sql`id`, throttle: false, lanes: 1, batchSize: size } as const;
  return withAttempt(database, async ({ job, stop }) => {
    await job.inBatches(sql`items`, options, async (tx, batch) => {
      await tx.execute(sql`update items set touched = touched + 1 where ${batch}`);
      batches += 1;
      if (batches === stopAfter) stop(stopped);
    });
  }).catch((error) => {
    if (error !== stopped) throw error;
  });
};

const untouched = async () => {
  const [row] = await database.sql`select count(*)::int as rows from items where touched <> 1`;
  return row?.['rows'];
};

/** A table of the same shape with the same rows, none of them done, takes the name of the first. */
const SWAP = `
  alter table items rename to old_items;
  create table items (id integer primary key, touched integer not null default 0);
  insert into items select id from old_items;`;
const SWAP_BACK = 'drop table items; alter table old_items rename to items;';

test.each([
  ['the table', SWAP, 'table'],
  [
    'the key',
    `alter table items add column second integer;
     update items set second = ${ROWS} + 1 - id;
     alter table items drop constraint items_pkey, alter second set not null, add primary key (second);
     alter table items rename column id to first;
     alter table items rename column second to id`,
    'key columns',
  ],
  [
    'the table, dropped and created again,',
    `drop table items; ${SWAP.split(';').slice(1, 2)};
    insert into items select i from generate_series(1, ${ROWS}) i`,
    'table',
  ],
])('a walk is refused when %s is another one under the same name', async (_, script, what) => {
  await walk(3);
  await change(script);
  await expect(walk()).rejects.toThrow(
    new RegExp(`has changed since it began: .*\\b${what}\\b.*another 'name'`),
  );
});

test('a walk goes on when its own table has its name again', async () => {
  await walk(3);
  await change(SWAP);
  await expect(walk()).rejects.toThrow(/has changed since it began/);
  await change(SWAP_BACK);
  await walk();
  expect(await untouched()).toBe(0);
});

test('a walk goes on over tables that were restored from a dump', async () => {
  await walk(3);
  // A dump gives other OIDs to all tables, also to ours.
  await change(`
    update long_running_migrations.walks set shape = jsonb_set(shape, '{identity}',
      to_jsonb(jsonb_set((shape->>'identity')::jsonb, '{of}', '"1 2"')::text));
    create table new_items (like items including all);
    insert into new_items select * from items; drop table items; alter table new_items rename to items`);
  await walk();
  expect(await untouched()).toBe(0);
});

test('a walk of an older version, which has not stored which table it is, goes on', async () => {
  await walk(3);
  await change(
    `update long_running_migrations.walks set shape = shape - 'identity' - 'collations'`,
  );
  await walk();
  expect(await untouched()).toBe(0);
});

test.each([
  [
    'restored from a dump',
    `jsonb_set(shape, '{identity}',
    to_jsonb(jsonb_set((shape->>'identity')::jsonb, '{of}', '"1 2"')::text))`,
  ],
  ['begun by an older version', `shape - 'identity'`],
])('a walk that was %s is known by its table from the next attempt on', async (_, shape) => {
  await walk(3);
  await change(`update long_running_migrations.walks set shape = ${shape}`);
  await walk(3);
  await change(SWAP);
  await expect(walk()).rejects.toThrow(/has changed since it began: table \(/);
});

test('rows are read although another table had the name for a moment', async () => {
  const seen = new Set<number>();
  const options = {
    ...{ key: sql`id`, columns: { id: sql<number>`id` }, throttle: false as const },
    ...{ pageSize: 10, checkpointEvery: 10, concurrency: 100 },
  };
  let first = true;
  await withAttempt(database, async ({ id, job }) => {
    await job.forEach(sql`items`, options, async (page) => {
      for (const row of page) seen.add(row.id);
      if (!first) return;
      first = false;
      // Pages are read on while this call runs, from an empty table of the same name.
      const [swapped] = await database.sql.begin(async (tx) => {
        await tx.unsafe(`${SWAP} truncate items`);
        return tx`select clock_timestamp() as at`;
      });
      await waitFor('a page to be read', async () => {
        const [read] = await database.sql`select 1 from pg_stat_activity
          where application_name = ${applicationName(id)} and state_change > ${swapped?.['at']}`;
        return read;
      });
      await change(SWAP_BACK);
    });
  }).catch((error) => expect(String(error)).toMatch(/AttemptOutdated/));
  await withAttempt(database, ({ job }) =>
    job.forEach(sql`items`, options, async (page) => {
      for (const row of page) seen.add(row.id);
    }),
  );
  expect(seen.size).toBe(ROWS);
});

test('a walk is refused when the collation of its key was created anew with another order', async () => {
  const words = {
    key: sql`word`,
    throttle: false,
    lanes: 1,
    batchSize: { min: 10, max: 10 },
  } as const;
  const own = (locale: string) => `create collation own (provider = icu, locale = '${locale}')`;
  await change(`
    ${own('und')}; create table old_items (word text collate own primary key);
    insert into old_items select i::text from generate_series(1, 100) i`);
  const stopped = new Error('enough');
  const walkWords = (stops: boolean) =>
    withAttempt(database, ({ job, stop }) =>
      job.inBatches(sql`old_items`, words, async () => {
        if (stops) stop(stopped);
      }),
    );
  await expect(walkWords(true)).rejects.toBe(stopped);
  await change(`alter table old_items alter word type text collate "C"; drop collation own;
    ${own('und-u-kn-true')}; alter table old_items alter word type text collate own`);
  await expect(walkWords(false)).rejects.toThrow(/has changed since it began: .*collation/);
});

test('a walk is refused when the library sorts its key by other rules now', async () => {
  await change(`create collation own (provider = icu, locale = 'und');
    alter table items alter id type text collate own`);
  await walk(3);
  await change(`update long_running_migrations.walks set shape = jsonb_set(shape, '{collations}',
    to_jsonb(jsonb_set((shape->>'collations')::jsonb, '{0,version}', '"1"')::text))`);
  await expect(walk()).rejects.toThrow(
    /has changed since it began: collation of the key \(.*version\)/,
  );
});

test('the version of a collation is stored once it is known, and kept', async () => {
  await change(`create collation own (provider = icu, locale = 'und');
    alter table items alter id type text collate own`);
  await walk(3);
  const stored = async () => {
    const [row] =
      await database.sql`select shape->>'collations' as of from long_running_migrations.walks`;
    return row?.['of'];
  };
  const [begun] = [await stored()];
  expect(begun).toMatch(/"version":"/);
  await change(`update long_running_migrations.walks set shape = jsonb_set(shape, '{collations}',
    to_jsonb(jsonb_set((shape->>'collations')::jsonb, '{0,version}', 'null')::text))`);
  await walk(1);
  expect(JSON.parse(await stored())).toEqual(JSON.parse(begun));
});

test('updateRows writes values as the type that their column has by now', async () => {
  const places = pgTable('old_items', { id: integer('id').primaryKey(), at: timestamp('at') });
  await change(`alter database "${name()}" set timezone = 'America/New_York';
    create table old_items (id integer primary key, at timestamp);
    insert into old_items select i from generate_series(1, 20) i`);
  const at = new Date('2026-07-01T12:00:00Z');
  let batches = 0;
  const check = async () => {
    if (batches !== 1) return undefined;
    await change(`alter table old_items alter at type timestamptz using at at time zone 'UTC'`);
    return undefined;
  };
  const throttle = { dutyCycle: 1, replicaLag: false, check } as const;
  const options = { key: places.id, throttle, lanes: 1, batchSize: { min: 10, max: 10 } } as const;
  try {
    await withAttempt(database, ({ job }) =>
      job.inBatches(places, options, async (tx, batch) => {
        const rows = await batch.rows({ id: places.id });
        await job.updateRows(
          tx,
          places,
          places.id,
          rows.map(({ id }) => ({ id, at })),
        );
        batches += 1;
        // The throttler calls the check at most once per second.
        if (batches === 1) await new Promise((resolve) => setTimeout(resolve, 1_000));
      }),
    );
  } finally {
    await change(`alter database "${name()}" reset timezone`);
  }
  expect(await database.sql`select distinct at from old_items`).toEqual([{ at }]);
});

test('a look-up in a table that changes all the time ends when the attempt has to stop', async () => {
  const attempt = await beginAttempt(database);
  try {
    const along = { key: sql`id`, durable: false };
    const walk = await TableWalk.open(attempt, attempt.walks, '1', sql`items`, along);
    const stopped = new Error('enough');
    let looks = 0;
    const looking = walk?.looking(async () => {
      looks += 1;
      if (looks === 3) attempt.stop(stopped);
      if (looks > 10) return;
      await change(
        `${looks % 2 ? 'grant select on items to' : 'revoke select on items from'} public`,
      );
      throw new TableChanged('the table has changed');
    });
    await expect(looking).rejects.toBe(stopped);
    expect(looks).toBe(3);
  } finally {
    await attempt.end();
  }
});
