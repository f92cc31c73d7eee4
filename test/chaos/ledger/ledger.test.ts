import { expect, test } from '@jest/globals';
import { connect } from '../../../drizzle/connect';
import { useDatabase } from '../../support/database';
import { installLedger, watchTable } from './ledger';

const database = useDatabase();

test('notes what was committed, by whom, and in which transaction', async () => {
  const { sql, databaseUrl } = database;
  await installLedger(sql);
  await sql`create table items (a integer, b text, n integer not null default 0, m integer, touched integer,
    primary key (a, b))`;
  await sql`insert into items values (1, 'x', 0, 0, 0), (2, 'y', 0, 0, 0)`;
  await watchTable(sql, 'items', ['a', 'b'], ['n', 'm']);
  const attempt = connect(databaseUrl, {
    max: 1,
    applicationName: 'lrm:long_running_migrations:7',
  });
  try {
    await attempt.begin(async (tx) => {
      await tx`update items set n = n + 1 where a = 1`;
      await tx`savepoint before`;
      await tx`update items set n = n + 1 where a = 2`;
      await tx`rollback to before`;
      await tx`insert into items values (3, 'z', 0, 0, 0)`;
      await tx`insert into long_running_migrations.migrations (name) values ('0001_a')`;
    });
    await attempt
      .begin(async (tx) => tx`update items set n = 9`.then(() => Promise.reject(tx)))
      .catch(() => {});
    // Nothing that is counted, and a key that changes.
    await attempt`update items set touched = 1`;
    await attempt`update items set a = 4, m = null where a = 3`;
    await attempt`delete from items where a = 4`;
  } finally {
    await attempt.end();
  }
  const changes =
    await sql`select r.key, op, old::text, new::text, session from chaos.rows r join chaos.transactions using (xid) order by id`;
  expect([...changes]).toEqual([
    {
      key: '{1,x}',
      op: 'U',
      old: '{0,0}',
      new: '{1,0}',
      session: 'lrm:long_running_migrations:7',
    },
    { key: '{3,z}', op: 'I', old: null, new: '{0,0}', session: 'lrm:long_running_migrations:7' },
    expect.objectContaining({ key: expect.stringMatching(/^{[34],z}$/) }),
    expect.objectContaining({ key: expect.stringMatching(/^{[34],z}$/) }),
    {
      key: '{4,z}',
      op: 'D',
      old: '{0,NULL}',
      new: null,
      session: 'lrm:long_running_migrations:7',
    },
  ]);
  const [count] =
    await sql`select count(*)::int as n, count(distinct lsn)::int as places from chaos.commits`;
  expect(count).toEqual({ n: 3, places: 3 });
  const [same] = await sql`select count(distinct xid)::int as n from
    (select xid from chaos.history union all select xid from chaos.rows where key in ('{1,x}') or op = 'I') as first`;
  expect(same).toEqual({ n: 1 });
});

test('notes of our tables what differs', async () => {
  const { sql } = database;
  await sql`update long_running_migrations.migrations set status = 'paused', checkpoint = '"secret"' where name = '0001_a'`;
  const [last] = await sql`select key, op, old, new from chaos.history order by id desc limit 1`;
  expect(last).toEqual({
    key: '0001_a',
    op: 'U',
    old: { status: 'created', progressed_at: null },
    new: { status: 'paused', progressed_at: expect.any(String) },
  });
});

test('can only be added to', async () => {
  const { sql } = database;
  for (const change of [
    'update chaos.rows set new = old',
    'delete from chaos.rows',
    'truncate chaos.history',
  ])
    await expect(sql.unsafe(change)).rejects.toThrow('can be changed');
});
