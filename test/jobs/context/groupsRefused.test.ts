import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { useDatabase } from '../../support/database';
import { type TestAttempt, withAttempt } from './attempts';

const database = useDatabase();

afterEach(() =>
  database.sql.unsafe(`
    drop table if exists parts cascade;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges`),
);

const PARTS = 'create table parts (id integer primary key, parent integer not null, note text);';
const INDEXED = `${PARTS} create index i on parts (parent);`;

type Options = Parameters<TestAttempt['job']['inBatches']>[1];
const byParent: Options = { groupBy: sql`parent` };

/** Walks over `parts`. Returns 'walked', or the error and whether something was stored or called. */
async function walk(options: object = byParent): Promise<string> {
  let calls = 0;
  const walked = withAttempt(database, ({ job }) =>
    job.inBatches(sql`parts`, { throttle: false, ...options } as Options, async () => {
      calls += 1;
    }),
  );
  const message = await walked.then(
    () => 'walked',
    (error) => `${error.name}: ${error.message}`,
  );
  if (message === 'walked') return message;
  const stored = await database.sql`select 1 from long_running_migrations.walks`;
  expect({ calls, stored: stored.length }).toEqual({ calls: 0, stored: 0 });
  return message;
}

test.each([
  ['no index', PARTS, 'has no index that begins with (parent): create one'],
  [
    'an index that begins with another column',
    `${PARTS} create index on parts (id, parent)`,
    'has no index that begins with (parent)',
  ],
  [
    'a partial index',
    `${PARTS} create index i on parts (parent) where parent > 0`,
    'begins with (parent); i is partial',
  ],
  [
    'a hash index',
    `${PARTS} create index i on parts using hash (parent)`,
    "i is not in its type's usual order",
  ],
  [
    'an invalid index',
    `${INDEXED} update pg_index set indisvalid = false where indexrelid = 'i'::regclass`,
    'i is not valid',
  ],
  [
    'a column that may be NULL',
    `${INDEXED} alter table parts alter parent drop not null`,
    "public.parts.parent may be NULL, and a walk can't go along NULLs",
  ],
  [
    'tables that inherit',
    `${INDEXED} create table heir () inherits (parts)`,
    'has tables inheriting from it',
  ],
])('a walk along groups is refused with %s', async (_, ddl, why) => {
  await database.sql.unsafe(ddl);
  expect(await walk()).toMatch(/^JobUsageError: public\.parts/);
  expect(await walk()).toContain(why);
});

test('a walk along groups is refused over a table with a foreign partition', async () => {
  await database.sql.unsafe(`
    create table parts (id integer, parent integer not null) partition by list (parent);
    create index on parts (parent);
    create table one partition of parts for values in (1);
    create foreign data wrapper far;
    create server far foreign data wrapper far;
    create foreign table two partition of parts for values in (2) server far`);
  expect(await walk()).toContain('public.parts has a partition that is a foreign table');
  await database.sql.unsafe('drop table parts; drop foreign data wrapper far cascade');
});

test('a walk along groups goes over partitions, also where they split its groups', async () => {
  await database.sql.unsafe(`
    create table parts (id integer, parent integer not null, by text) partition by range (id);
    create index on parts (parent);
    create table one partition of parts for values from (0) to (50);
    create table two partition of parts for values from (50) to (1000);
    insert into parts select i, i % 10 from generate_series(1, 100) i`);
  await withAttempt(database, ({ job }) =>
    job.inBatches(
      sql`parts`,
      { ...byParent, throttle: false, batchSize: { min: 25, max: 25 } },
      async (tx, batch) => {
        await tx.execute(
          sql`update parts set by = concat(by, pg_current_xact_id()::text) where ${batch}`,
        );
      },
    ),
  );
  const batches = await database.sql`
    select count(*)::int as rows, array_agg(distinct parent) as parents from parts group by by order by 2`;
  expect(batches.map(({ rows }) => rows)).toEqual([20, 20, 20, 20, 20]);
  expect(batches[1]?.['parents']).toEqual([2, 3]);
});

test.each([
  [{ key: sql`id` }, "along a 'key' or along groups ('groupBy'): give one of them"],
  [{ groupBy: undefined }, 'a walk needs a key: one column at least'],
  [{ groupBy: [] }, 'groupBy: a group needs one column at least'],
  [{ groupBy: sql`nothing` }, 'public.parts has no column nothing'],
  [{ groupBy: sql`lower(note)` }, 'is not a column name'],
])('the options %p are refused', async (options, why) => {
  await database.sql.unsafe(INDEXED);
  const message = await walk({ ...byParent, ...options });
  expect(message).toMatch(/^JobUsageError: /);
  expect(message).toContain(why);
});

test('forEach has no groups', async () => {
  await database.sql.unsafe(INDEXED);
  const options = { key: sql`id`, columns: { id: sql`id` }, groupBy: sql`parent` };
  const refused = withAttempt(database, ({ job }) =>
    job.forEach(sql`parts`, options, async () => {}),
  );
  await expect(refused).rejects.toThrow("forEach goes along a 'key', not along groups");
});

test('a walk along groups does not go on as one along the same key, nor the other way round', async () => {
  await database.sql.unsafe(`${INDEXED} create unique index on parts (parent);
    insert into parts select i, i from generate_series(1, 9) i`);
  const begin = (options: Options) =>
    withAttempt(database, ({ job }) =>
      job.inBatches(sql`parts`, { throttle: false, ...options }, async () => {
        throw new Error('begun');
      }),
    );
  const byKey = (name: string): Options => ({ key: sql`parent`, name });
  const byGroup = (name: string): Options => ({ groupBy: sql`parent`, name });
  await expect(begin(byGroup('a'))).rejects.toThrow('begun');
  await expect(begin(byGroup('a'))).rejects.toThrow('begun');
  await expect(begin(byKey('a'))).rejects.toThrow('has changed since it began: key');
  await expect(begin(byKey('b'))).rejects.toThrow('begun');
  await expect(begin(byGroup('b'))).rejects.toThrow('has changed since it began: key, groupBy');
});
