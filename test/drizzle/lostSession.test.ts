import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect, type Sql, type TransactionSql } from '../../drizzle/connect';
import { useDatabase } from '../support/database';
import { waitFor } from '../support/waitFor';

const database = useDatabase({ empty: true });
let oneSession: Sql;

beforeAll(async () => {
  await database.sql`create table written (id integer)`;
  oneSession = connect(database.databaseUrl, { applicationName: 'lost', max: 1 });
});

afterAll(() => oneSession.end({ timeout: 1 }));

async function terminate(pid: number): Promise<void> {
  await database.sql`select pg_terminate_backend(${pid})`;
  await waitFor('the session to be gone', async () => {
    const rows = await database.sql`select 1 from pg_stat_activity where pid = ${pid}`;
    return rows.length === 0;
  });
}

async function pidOf(tx: TransactionSql): Promise<number> {
  const [row] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`;
  return row?.pid ?? 0;
}

test('a transaction whose session ends between two statements sends nothing to the next session', async () => {
  let late: unknown;
  const transaction = oneSession.begin(async (tx) => {
    await tx`insert into written values (1)`;
    await terminate(await pidOf(tx));
    // This statement's session takes the connection's place in the pool.
    await oneSession`select 1`;
    late = await tx`insert into written values (2)`.catch((error) => error.code);
  });
  await expect(transaction).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  await waitFor('the late statement to be refused', () => late !== undefined);
  expect(late).toBe('CONNECTION_CLOSED');
  expect(await database.sql`select * from written`).toHaveLength(0);
});

test('a transaction whose session ends does not roll back the one that took its place', async () => {
  let other: Promise<unknown> | undefined;
  let bodyEnded = false;
  const transaction = oneSession.begin(async (tx) => {
    await terminate(await pidOf(tx));
    await new Promise<void>((begun) => {
      other = oneSession.begin(async (tx) => {
        await tx`insert into written values (3)`;
        begun();
        await waitFor('the first one to roll back', () => bodyEnded);
        await tx`insert into written values (4)`;
      });
    });
    bodyEnded = true;
    throw new Error('roll back');
  });
  await expect(transaction).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  await waitFor('the other transaction to begin', () => other !== undefined);
  await other;
  expect(await database.sql`select id from written order by id`).toEqual([{ id: 3 }, { id: 4 }]);
});

test('a transaction whose session ends inside a statement leaves a pool that works', async () => {
  for (let round = 0; round < 5; round++) {
    const transaction = oneSession.begin(async (tx) => {
      const pid = await pidOf(tx);
      await Promise.all([tx`select pg_sleep(60)`, terminate(pid)]);
    });
    await expect(transaction).rejects.toMatchObject({
      code: expect.stringMatching(/^(57P01|CONNECTION_CLOSED|ECONNRESET)$/),
    });
    expect(await oneSession`select 1 as one`).toEqual([{ one: 1 }]);
  }
});
