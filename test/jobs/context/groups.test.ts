import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/postgres-js';
import { alongIndex, boundaries } from '../../../jobs/context/walk/boundary';
import { KEYS_PER_LOOKUP } from '../../../jobs/context/walk/lookUp';
import { describeLocked } from '../../../jobs/context/walk/tableState';
import { useDatabase } from '../../support/database';
import { withAttempt } from './attempts';

const database = useDatabase();
const parts = pgTable('parts', {
  id: integer('id').primaryKey(),
  parent: integer('parent').notNull(),
  note: text('note'),
  touched: integer('touched').notNull().default(0),
});

beforeEach(() =>
  database.sql.unsafe(`
    create table parts (id integer primary key, parent integer not null, note text,
      touched integer not null default 0);
    create index on parts (parent, id)`),
);

afterEach(() =>
  database.sql.unsafe(`drop table parts; truncate long_running_migrations.walks,
    long_running_migrations.finished_ranges`),
);

const byParent = { groupBy: parts.parent, throttle: false } as const;
const touch = { touched: sql`touched + 1` };

/** Fills the table with groups of these sizes, in order of their parents. */
const fill = (sizes: readonly number[]) =>
  database.sql`insert into parts (id, parent)
    select row_number() over (), s.parent * 10 from unnest(${[...sizes]}::int[]) with ordinality s (size, parent),
      generate_series(1, s.size)`;

/** Walks in one attempt, and returns the rows of each batch by their parents. */
async function batches(size: number, options = {}): Promise<Record<string, number>[]> {
  const seen: Record<string, number>[] = [];
  await withAttempt(database, ({ job }) =>
    job.inBatches(
      parts,
      { ...byParent, batchSize: { min: size, max: size }, ...options },
      async (tx, batch) => {
        const rows = await batch.rows({ parent: parts.parent });
        const counts: Record<string, number> = {};
        for (const { parent } of rows) counts[parent] = (counts[parent] ?? 0) + 1;
        seen.push(counts);
        await tx.update(parts).set(touch).where(batch);
      },
    ),
  );
  return seen;
}

test('a batch holds as many whole groups as fit into it, and one at least', async () => {
  await fill([3, 4, 3, 25, 1, 9, 2]);
  expect(await batches(10)).toEqual([
    { 10: 3, 20: 4, 30: 3 },
    { 40: 25 },
    { 50: 1, 60: 9 },
    { 70: 2 },
  ]);
});

test('groups are walked from the last to the first, too', async () => {
  await fill([3, 4, 3, 25, 1, 9, 2]);
  expect(await batches(10, { descending: true })).toEqual([
    { 70: 2 },
    { 50: 1, 60: 9 },
    { 40: 25 },
    { 10: 3, 20: 4, 30: 3 },
  ]);
});

test('with a condition, a batch holds all matching rows of its groups', async () => {
  await fill([3, 4, 3, 25, 1, 9, 2]);
  expect(await batches(4, { where: sql`id % 2 = 0` })).toEqual([
    { 10: 1, 20: 2 },
    { 30: 2 },
    { 40: 12 },
    { 50: 1 },
    { 60: 4 },
    { 70: 1 },
  ]);
});

test('a matching row deep inside a huge group is found', async () => {
  await fill([1, KEYS_PER_LOOKUP + 5_000, 1]);
  await database.sql`update parts set note = 'x' where id = ${KEYS_PER_LOOKUP + 4_000}`;
  expect(await batches(10, { where: sql`note = 'x'` })).toContainEqual({ 20: 1 });
  const touched = await database.sql`select id from parts where touched <> 0`;
  expect(touched).toEqual([{ id: KEYS_PER_LOOKUP + 4_000 }]);
  const [walk] = await database.sql`select completed_at from long_running_migrations.walks`;
  expect(walk?.['completed_at']).not.toBeNull();
});

test('the look-up of groups follows an index that begins with their columns', async () => {
  await fill(Array.from({ length: 300 }, (_, i) => i % 7));
  const db = drizzle(database.sql);
  for (const descending of [false, true]) {
    const walked = { table: parts, columns: [parts.parent], descending, grouped: true };
    const key = await describeLocked(db, walked);
    const gap = descending ? { after: ['500'], upto: ['10'] } : { after: ['10'], upto: ['500'] };
    const plan = await alongIndex(db, key, (tx) =>
      tx.execute(
        sql`explain ${boundaries(key, undefined, gap, { size: 101, ranges: 1, keys: 50_000 })}`,
      ),
    );
    const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(lines).toMatch(/Index (Only )?Scan (Backward )?using parts_parent_id_idx/);
    expect(lines).not.toMatch(/Sort|Seq Scan|Bitmap/);
  }
});

test('groups that are equal as the column compares them are one group', async () => {
  await database.sql.unsafe(`
    create collation blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table words (word text collate blind not null, touched integer not null default 0);
    create index on words (word);
    insert into words select w from unnest(array['a', 'A', 'b', 'a', 'B', 'A', 'c', 'C']) w`);
  const counts: number[] = [];
  await withAttempt(database, ({ job }) =>
    job.inBatches(
      sql`words`,
      { groupBy: sql`word`, throttle: false, batchSize: { max: 1 } },
      async (tx, batch) => {
        const rows = await tx.execute(
          sql`update words set touched = touched + 1 where ${batch} returning lower(word)`,
        );
        counts.push(rows.length);
      },
    ),
  );
  expect(counts).toEqual([4, 2, 2]);
  const ends = await database.sql`select low_water_mark = upper_bound as reached
    from long_running_migrations.walks`;
  expect(ends).toEqual([{ reached: true }]);
  await database.sql`drop table words`;
});

test('updateRows inside of a batch over groups writes rows by their key, and by their group', async () => {
  await fill([2, 3]);
  await withAttempt(database, async ({ job }) => {
    await job.inBatches(parts, byParent, async (tx, batch) => {
      const rows = await batch.rows({ id: parts.id });
      const written = rows.map(({ id }) => ({ id, note: `part ${id}` }));
      expect(await job.updateRows(tx, parts, parts.id, written)).toBe(5);
      // More rows than keys, and two equal keys that could not both win.
      expect(await job.updateRows(tx, parts, parts.parent, [{ parent: 10, touched: 7 }])).toBe(2);
      const twice = [1, 2].map((touched) => ({ parent: 10, touched }));
      await expect(job.updateRows(tx, parts, parts.parent, twice)).rejects.toThrow(
        'two rows have the same parent',
      );
    });
  });
  const rows = await database.sql`select id, note, touched from parts order by id`;
  expect(rows[0]).toMatchObject({ id: 1, note: 'part 1' });
  expect(rows[4]).toEqual({ id: 5, note: 'part 5', touched: 0 });
});

test('the example of the documentation removes duplicates', async () => {
  await database.sql.unsafe(`
    create table users (id integer primary key, email text not null);
    create index on users (email);
    insert into users select i, 'user ' || i % 70 from generate_series(1, 400) i`);
  const users = pgTable('users', { id: integer('id').primaryKey(), email: text('email') });
  await withAttempt(database, ({ job }) =>
    job.inBatches(users, { groupBy: users.email, throttle: false }, async (tx, batch) => {
      await tx.execute(sql`
        delete from users where id in (
          select id from (
            select id, row_number() over (partition by email order by id) as number
            from users where ${batch}) numbered
          where number > 1)`);
    }),
  );
  const [left] = await database.sql`
    select count(*)::int as rows, count(distinct email)::int as emails, max(id) as last from users`;
  expect(left).toEqual({ rows: 70, emails: 70, last: 70 });
  await database.sql`drop table users`;
});

test('a group that always runs into a timeout ends the attempt, and the error says why', async () => {
  await fill([2, 30, 2]);
  const tries: number[] = [];
  const hopeless = withAttempt(database, ({ job }) =>
    job.inBatches(parts, { ...byParent, batchSize: { min: 40 } }, async (tx, batch) => {
      const rows = await batch.rows({ id: parts.id });
      tries.push(rows.length);
      await tx.update(parts).set(touch).where(batch);
      if (rows.length < 30) return;
      await tx.execute(sql`set local statement_timeout = '5ms'`);
      await tx.execute(sql`select pg_sleep(1)`);
    }),
  );
  await expect(hopeless).rejects.toMatchObject({
    name: 'GroupTooLarge',
    message: expect.stringMatching(/groups of public\.parts \(30 rows or more\) .* never split/),
    cause: { cause: { code: '57014' } },
  });
  // All three groups, then the first alone, the others, and the second alone until the tenth try.
  expect(tries.slice(0, 3)).toEqual([34, 2, 32]);
  expect(tries.slice(3)).toEqual(Array(9).fill(30));
  const touched = await database.sql`select parent, touched from parts group by 1, 2 order by 1`;
  expect(touched.map((row) => row['touched'])).toEqual([1, 0, 0]);
});
