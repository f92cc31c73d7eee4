import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { waitFor } from '../../support/waitFor';
import { withAttempt } from './attempts';
import { usePeople } from './people';

const database = usePeople();
afterEach(() => database.sql`drop table members, seen`);

// The upper bound is 10, and the look-up then finds 10.0: the text that is stored stays the end.
test('a key that is rewritten as an equal one while it is walked is done once over two attempts', async () => {
  await database.sql.unsafe(`
    create table members (id integer, points numeric primary key);
    create table seen (points numeric);
    insert into members select i, i from generate_series(1, 10) i;
    create function rewrite() returns trigger language plpgsql as $$
      begin update members set points = '10.0' where id = 10; return new; end $$;
    create trigger rewrite after insert on long_running_migrations.walks
      for each row execute function rewrite()`);
  const walk = (fails: boolean) =>
    withAttempt(database, ({ job }) =>
      job.inBatches(
        sql`members`,
        { key: sql`points`, lanes: 3, throttle: false, batchSize: { min: 5, max: 5 } },
        async (tx, batch) => {
          const rows = await batch.rows({ id: sql<number>`id` }, { lock: false });
          await tx.execute(sql`insert into seen select points from members where ${batch}`);
          if (!fails || !rows.some(({ id }) => id <= 5)) return;
          await waitFor('the ranges behind to be stored', async () => {
            const stored = await database.sql`select from long_running_migrations.finished_ranges`;
            return stored.length >= 1;
          });
          throw new Error('a service is down');
        },
      ),
    );
  await expect(walk(true)).rejects.toThrow('a service is down');
  await database.sql.unsafe(
    'drop trigger rewrite on long_running_migrations.walks; drop function rewrite()',
  );
  const ends = await database.sql`select upto from long_running_migrations.finished_ranges`;
  expect(ends).toEqual([{ upto: ['10'] }]);
  await walk(false);
  const twice = await database.sql`select points from seen group by 1 having count(*) > 1`;
  expect(twice).toEqual([]);
  const [all] = await database.sql`select count(*)::int from seen`;
  expect(all).toEqual({ count: 10 });
});

test('ranges that end at equal keys are put in order by where they begin', async () => {
  await database.sql.unsafe(`
    create table members (id integer, points numeric primary key);
    create table seen (points numeric);
    insert into members select i, i from generate_series(1, 10) i`);
  const walk = (fails: boolean) =>
    withAttempt(database, ({ job }) =>
      job.inBatches(sql`members`, { key: sql`points`, throttle: false }, async (tx, batch) => {
        if (fails) throw new Error('a service is down');
        await tx.execute(sql`insert into seen select points from members where ${batch}`);
      }),
    );
  await expect(walk(true)).rejects.toThrow('a service is down');
  // As an earlier version of this package stored them.
  await database.sql.unsafe(`
    insert into seen select points from members where points > 5;
    insert into long_running_migrations.finished_ranges (walk, after, upto, rows)
      select id, '{10.0}', '{10}', 0 from long_running_migrations.walks;
    insert into long_running_migrations.finished_ranges (walk, after, upto, rows)
      select id, '{5}', '{10.0}', 5 from long_running_migrations.walks`);
  await walk(false);
  const seen = await database.sql`select points::int from seen order by 1`;
  expect(seen.map(({ points }) => points)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});
