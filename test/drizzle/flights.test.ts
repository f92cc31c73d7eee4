import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { connect, type Sql } from '../../drizzle/connect';
import { type Database, database as drizzleOn } from '../../drizzle/database';
import { inlined, type Statement, statement } from '../../drizzle/statement';
import { inFlights } from '../../drizzle/transaction';
import { useDatabase } from '../support/database';

const database = useDatabase({ empty: true });
let client: Sql;
let db: Database;

beforeEach(async () => {
  await database.sql.unsafe('create table written (id integer)');
  client = connect(database.databaseUrl, { applicationName: 'flights', max: 1 });
  db = drizzleOn(client);
});

afterEach(async () => {
  await client.end({ timeout: 1 });
  await database.sql.unsafe('drop table written cascade');
});

const written = async () => {
  const rows = await database.sql<{ id: number }[]>`select id from written order by id`;
  return rows.map(({ id }) => id);
};

const insert = (id: number): Statement => statement(db, sql`insert into written values (${id})`);
const divide = (by: number): Statement => statement(db, sql`select 1 / ${by}::integer as result`);

test('inFlights gives the rows of its first statements and of its last one', async () => {
  for (const id of [1, 2, 3]) {
    const landed = await inFlights(db, {
      first: [inlined(db, sql`select ${id}::integer as one`), insert(id)],
      body: async (tx, rows) => {
        await tx.execute(sql`insert into written values (${id * 10})`);
        return rows[0]?.[0]?.['one'];
      },
      last: (one) => statement(db, sql`select ${one}::integer + 100 as last`),
    });
    expect(landed).toMatchObject({ result: id, rows: [{ last: id + 100 }] });
  }
  expect(await written()).toEqual([1, 2, 3, 10, 20, 30]);
});

test('inFlights sends BEGIN with its first statements, and COMMIT with its last one', async () => {
  const flight = {
    first: [inlined(db, sql`select 1`)],
    body: async () => 1,
    last: () => insert(1),
  };
  await inFlights(db, flight);
  const writing = jest.spyOn(Socket.prototype, 'write');
  await inFlights(db, flight);
  const writes = writing.mock.calls.map(([bytes]) =>
    Buffer.from(bytes as Buffer).toString('latin1'),
  );
  writing.mockRestore();
  expect(writes).toHaveLength(2);
  expect(writes[0]).toMatch(/begin isolation level/);
  expect(writes[1]).toMatch(/commit/);
});

test('inFlights does not call its body when a first statement fails', async () => {
  let called = false;
  const flying = inFlights(db, {
    first: [insert(1), divide(0)],
    body: async () => {
      called = true;
    },
  });
  await expect(flying).rejects.toMatchObject({ code: '22012' });
  expect(called).toBe(false);
  expect(await written()).toEqual([]);
});

test('inFlights does not call its body when BEGIN fails', async () => {
  const begin = client.begin.bind(client) as (...given: unknown[]) => Promise<unknown>;
  const wrong = (_: string, ...rest: unknown[]) => begin('isolation level nonsense', ...rest);
  let called = false;
  const flying = inFlights(
    Object.assign(db, { $client: Object.assign(client, { begin: wrong }) }),
    {
      first: [inlined(db, sql`select 1`)],
      body: async () => {
        called = true;
      },
    },
  );
  await expect(flying).rejects.toMatchObject({ code: '42601' });
  expect(called).toBe(false);
  expect(await database.sql`select 1 as one`).toEqual([{ one: 1 }]);
});

// Three rounds: the first one prepares the statement.
test('inFlights commits nothing when its last statement fails', async () => {
  for (const _ of [1, 2, 3]) {
    const flying = inFlights(db, {
      first: [inlined(db, sql`select 1`)],
      body: (tx) => tx.execute(sql`insert into written values (1)`),
      last: () => divide(0),
    });
    await expect(flying).rejects.toMatchObject({ code: '22012' });
  }
  expect(await written()).toEqual([]);
  await inFlights(db, { first: [], body: async () => 1, last: () => insert(2) });
  expect(await written()).toEqual([2]);
});

test('inFlights commits nothing when its body has caught an error of Postgres', async () => {
  for (const _ of [1, 2, 3]) {
    const flying = inFlights(db, {
      first: [insert(1)],
      body: (tx) => tx.execute(sql`select 1 / 0`).catch(() => 1),
      last: () => insert(2),
    });
    await expect(flying).rejects.toThrow();
  }
  expect(await written()).toEqual([]);
});

test.each(['commit', 'rollback'])(
  'inFlights sends nothing more when its body has sent "%s"',
  async (end) => {
    const pool = connect(database.databaseUrl, { applicationName: 'flights', max: 2 });
    const on = drizzleOn(pool);
    for (const _ of [1, 2, 3]) {
      const flying = inFlights(on, {
        first: [insert(1)],
        body: (tx) => tx.execute(sql.raw(end)),
        last: () => insert(2),
      });
      await expect(flying).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
    }
    // The connection is of use to others.
    await Promise.all([1, 2, 3].map(() => pool`select 1`));
    await pool.end({ timeout: 1 });
    expect(await written()).toEqual(end === 'commit' ? [1, 1, 1] : []);
  },
);

test('inFlights fails when its session ends before its last statement', async () => {
  const flying = inFlights(db, {
    first: [insert(1)],
    body: async (tx) => {
      const [row] = await tx.execute(sql`select pg_backend_pid() as pid`);
      await database.sql`select pg_terminate_backend(${row?.['pid'] as number}, 10000)`;
    },
    last: () => insert(2),
  });
  await expect(flying).rejects.toThrow();
  expect(await written()).toEqual([]);
  await inFlights(db, { first: [insert(3)], body: async () => 1 });
  expect(await written()).toEqual([3]);
});

test('inFlights sends its first statements again when they are no longer prepared', async () => {
  let calls = 0;
  for (const id of [1, 2, 3]) {
    await inFlights(db, {
      first: [insert(id), insert(id * 10)],
      body: async () => {
        calls += 1;
      },
    });
    await client.unsafe('deallocate all');
  }
  expect(calls).toBe(3);
  expect(await written()).toEqual([1, 2, 3, 10, 20, 30]);
});

test('a statement of a body is prepared when it comes again, and not after its result has changed', async () => {
  const read = () =>
    inFlights(db, {
      first: [insert(1)],
      body: (tx) => tx.execute(sql`select * from written where id = ${1}`),
    });
  for (const _ of [1, 2, 3]) await read();
  const prepared = async () => {
    const rows = await client.unsafe(
      `select 1 from pg_prepared_statements where statement like 'select * from written%'`,
    );
    return rows.length;
  };
  expect(await prepared()).toBe(1);
  await database.sql.unsafe('alter table written add column more integer');
  await expect(read()).rejects.toMatchObject({ cause: { routine: 'RevalidateCachedQuery' } });
  for (const _ of [1, 2, 3]) await read();
});

test('not every statement of a body is prepared: only those that come again, and a hundred at most', async () => {
  await inFlights(db, {
    first: [insert(1)],
    body: async (tx) => {
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < 120; i++) {
          await tx.execute(sql`${sql.raw(`select ${i}`)} where ${true}`);
        }
      }
      await tx.execute(sql`select 'once' where ${true}`);
    },
  });
  const [row] = await client<{ own: number }[]>`
    select count(*)::int as own from pg_prepared_statements
    where statement ~ '^select [0-9]+ where'`;
  expect(row?.own).toBe(100);
  const once = await client`select 1 from pg_prepared_statements where statement like '%once%'
    and statement not like '%pg_prepared%'`;
  expect(once).toHaveLength(0);
});

test('after a BEGIN that failed, nothing is sent on the connection, which others have by then', async () => {
  const begin = client.begin.bind(client) as (...given: unknown[]) => Promise<unknown>;
  let wrong = true;
  const sometimes = (options: string, ...rest: unknown[]) => {
    const given = wrong ? 'isolation level nonsense' : options;
    wrong = false;
    return begin(given, ...rest);
  };
  const on = Object.assign(db, { $client: Object.assign(client, { begin: sometimes }) });
  const flight = (id: number) =>
    inFlights(on, { first: [insert(id)], body: (tx) => tx.execute(sql`select pg_sleep(0.01)`) });
  // Prepared before, so that everything is sent at once.
  wrong = false;
  await flight(0);
  await flight(0);
  wrong = true;
  const [failed, ...others] = [flight(-1), flight(1), flight(2)].map((each) =>
    each.then(
      () => 'committed',
      () => 'failed',
    ),
  );
  await new Promise((resolve) => setImmediate(resolve));
  // All answers are read at once.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  expect(await failed).toBe('failed');
  expect(await Promise.all(others)).toEqual(['committed', 'committed']);
  // What was sent with a BEGIN that failed is in no transaction.
  expect(await written()).toEqual([-1, 0, 0, 1, 2]);
});

test('a first statement that can not be written fails alone, at once', async () => {
  const undefinedValue = { text: 'select $1::text', params: [undefined] };
  const flying = inFlights(db, {
    first: [inlined(db, sql`select 1`), undefinedValue],
    body: async () => 1,
  });
  await expect(flying).rejects.toMatchObject({ code: 'UNDEFINED_VALUE' });
  expect(await client`select 1 as one`).toEqual([{ one: 1 }]);
});

test('a body that has sent ROLLBACK sends nothing into the transaction that has its connection now', async () => {
  let entered: () => void = () => {};
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const first = inFlights(db, {
    first: [insert(1)],
    body: async (tx) => {
      await tx.execute(sql.raw('rollback'));
      await inside;
      await tx.execute(sql`insert into written values (100)`);
    },
  });
  const second = inFlights(db, {
    first: [insert(2)],
    body: async () => {
      entered();
      // Until the other one has ended.
      await first.catch(() => {});
    },
  });
  await expect(first).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
  await second;
  expect(await written()).toEqual([2]);
});
