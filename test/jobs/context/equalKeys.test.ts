import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { waitFor } from '../../support/waitFor';
import { withAttempt } from './attempts';
import { usePeople } from './people';

const database = usePeople();
afterEach(() => database.sql`drop table members, seen`);

// The upper bound is 10, and the look-up then finds 10.0: two ranges end at keys that are equal.
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
            return stored.length >= 2;
          });
          throw new Error('a service is down');
        },
      ),
    );
  await expect(walk(true)).rejects.toThrow('a service is down');
  await database.sql.unsafe(
    'drop trigger rewrite on long_running_migrations.walks; drop function rewrite()',
  );
  await walk(false);
  const twice = await database.sql`select points from seen group by 1 having count(*) > 1`;
  expect(twice).toEqual([]);
  const [all] = await database.sql`select count(*)::int from seen`;
  expect(all).toEqual({ count: 10 });
});
