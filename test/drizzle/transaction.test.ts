import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { connect, type Sql } from '../../drizzle/connect';
import { database as drizzleOn } from '../../drizzle/database';
import { inTransaction } from '../../drizzle/transaction';
import { useDatabase } from '../support/database';

const database = useDatabase({ empty: true });
let client: Sql;

beforeEach(async () => {
  await database.sql.unsafe('create table written (id integer)');
  client = connect(database.databaseUrl, { applicationName: 'transactions', max: 1 });
});

afterEach(async () => {
  await client.end({ timeout: 1 });
  await database.sql.unsafe('drop table written cascade');
});

const written = () => database.sql`select id from written order by id`;

/**
 * The constraint is checked at COMMIT, by a trigger whose own statement no longer fits its table.
 */
const FAILS_AT_COMMIT = `
  create table noted (id integer);
  create function note() returns trigger language plpgsql as $$ begin
    insert into noted values (case when new.id > 1 then current_date else null end);
    return null;
  end $$;
  create constraint trigger noting after insert on written deferrable initially deferred
    for each row execute function note()`;

test('a COMMIT that fails is not sent again, and the transaction fails', async () => {
  await database.sql.unsafe(FAILS_AT_COMMIT);
  // The first round prepares the statements, and later ones reuse them.
  for (const id of [1, 2, 3]) {
    const transaction = client.begin((tx) => tx`insert into written values (${id})`);
    await expect(transaction).rejects.toMatchObject({ code: '42804' });
  }
  expect(await written()).toHaveLength(0);
  await database.sql.unsafe('drop table noted; drop function note cascade');
});

test('a transaction commits although its body has dropped all prepared statements', async () => {
  for (const id of [1, 2, 3]) {
    await client.begin(async (tx) => {
      await tx.unsafe(`insert into written values (${id})`);
      await tx.unsafe('deallocate all');
    });
  }
  expect(await written()).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
});

test('savepoints work although their body has dropped all prepared statements', async () => {
  for (const id of [1, 2, 3]) {
    await client.begin(async (tx) => {
      await tx
        .savepoint(async (inner) => {
          await inner.unsafe('insert into written values (-1)');
          await inner.unsafe('deallocate all');
          throw new Error('roll back');
        })
        .catch(() => {});
      await tx.unsafe(`insert into written values (${id})`);
    });
  }
  expect(await written()).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
});

test.each(['commit', 'rollback', 'commit and chain; rollback'])(
  'a transaction whose body sends "%s" fails',
  async (statement) => {
    const transaction = client.begin(async (tx) => {
      await tx`insert into written values (1)`;
      await tx.unsafe(statement);
    });
    await expect(transaction).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
    expect(await client`select 1 as one`).toEqual([{ one: 1 }]);
  },
);

const raise = (code: string) =>
  sql.raw(`do $$ begin raise exception using errcode = '${code}'; end $$`);

// After any of these errors the body might be called again, and its work done twice.
test.each(
  ['22012', '23505', '40001', '40P01', '57014'].flatMap((code) =>
    ['commit', 'rollback', 'commit and chain'].map((end) => [end, code]),
  ),
)(
  'inTransaction whose body sends "%s" and then fails with %s says that it was ended',
  async (end, code) => {
    const transaction = inTransaction(drizzleOn(client), async (tx) => {
      await tx.execute(sql`insert into written values (1)`);
      await tx.execute(sql.raw(end));
      await tx.execute(sql`insert into written values (2)`);
      await tx.execute(raise(code));
    });
    const error = await transaction.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'TransactionEnded', code: 'TRANSACTION_ENDED' });
    expect((error as Error).cause).toBeUndefined();
  },
);

test.each(['commit', 'rollback'])(
  'inTransaction whose body sends "%s" and catches its own error says that it was ended',
  async (end) => {
    const transaction = inTransaction(drizzleOn(client), async (tx) => {
      await tx.execute(sql.raw(end));
      await tx.execute(raise('40P01')).catch(() => {});
    });
    await expect(transaction).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
  },
);

test('inTransaction keeps the error of a body that ended nothing', async () => {
  const db = drizzleOn(client);
  const failing = inTransaction(db, async (tx) => {
    await tx.execute(sql`insert into written values (1)`);
    await tx.execute(raise('40P01'));
  });
  await expect(failing).rejects.toMatchObject({ cause: { code: '40P01' } });
  const throwing = inTransaction(db, async () => {
    throw new RangeError('its own');
  });
  await expect(throwing).rejects.toThrow(RangeError);
  // What a savepoint contains fails nothing.
  await inTransaction(db, async (tx) => {
    await tx.transaction((inner) => inner.execute(raise('22012'))).catch(() => {});
    await tx.execute(sql.raw('savepoint own'));
    await tx.execute(sql.raw('rollback to savepoint own'));
    await tx.execute(sql`insert into written values (2)`);
  });
  expect(await written()).toEqual([{ id: 2 }]);
});

test('a statement inside a transaction is not sent again when its plan is no longer valid', async () => {
  await client`insert into written values (1)`;
  const read = (tx: Sql) => tx`select * from written`;
  await read(client);
  await database.sql.unsafe('alter table written add column more integer');
  const transaction = client.begin(async (tx) => {
    await tx`insert into written values (2)`;
    await read(tx as unknown as Sql).catch(() => {});
  });
  await expect(transaction).rejects.toMatchObject({ code: '0A000' });
  // Outside a transaction it is sent again.
  await read(client);
});

test.each(['serializable', 'repeatable read', 'read only'])(
  'inTransaction is READ COMMITTED and writes, where the default is %s',
  async (standard) => {
    const setting =
      standard === 'read only'
        ? "set default_transaction_read_only = 'on'"
        : `set default_transaction_isolation = '${standard}'`;
    const db = drizzleOn(client);
    await client.unsafe(setting);
    const level = await inTransaction(db, async (tx) => {
      await tx.execute(sql`insert into written values (1)`);
      const [row] = await tx.execute(sql`select current_setting('transaction_isolation') as level`);
      return row?.['level'];
    });
    expect(level).toBe('read committed');
    expect(await written()).toEqual([{ id: 1 }]);
  },
);
