import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { connect, type Sql } from '../../drizzle/connect';
import { type Database, database as drizzleOn } from '../../drizzle/database';
import { inTransaction } from '../../drizzle/transaction';
import { useDatabase } from '../support/database';
import { type CuttableProxy, startProxy } from '../support/proxy';
import { waitFor } from '../support/waitFor';

const database = useDatabase({ empty: true });
let proxy: CuttableProxy;
let client: Sql;
let db: Database;

beforeAll(async () => {
  await database.sql`create table written (id integer)`;
  const url = new URL(database.databaseUrl);
  proxy = await startProxy(url.host);
  url.host = proxy.address;
  client = connect(url.href, { applicationName: 'cancelled', max: 1 });
  db = drizzleOn(client);
});

afterAll(async () => {
  await client.end({ timeout: 1 });
  proxy.close();
});

/** A simple query as it is sent to Postgres. */
function message(query: string): Buffer {
  const text = Buffer.from(`${query}\0`);
  const head = Buffer.alloc(5);
  head.write('Q');
  head.writeInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}

/** Cancels the COMMIT of the next transaction before it runs: its message waits before it does. */
async function cancelNextCommit(): Promise<void> {
  proxy.replaceOnce(message('commit'), message('select pg_sleep(60); commit'));
  await waitFor('the COMMIT to be cancelled', async () => {
    const rows = await database.sql`
      select pg_cancel_backend(pid) from pg_stat_activity
      where application_name = 'cancelled' and query like '%pg_sleep(60)%' and state = 'active'`;
    return rows.length > 0;
  });
}

// Postgres leaves the transaction of such a COMMIT open. The driver's pool would wait for its end.
test.each([1, 2])(
  'a COMMIT that is cancelled before it runs is rolled back, and its session is free (round %i)',
  async (round) => {
    const write = (id: number) =>
      inTransaction(db, (tx) => tx.execute(sql`insert into written values (${id})`));
    const cancelled = expect(write(-round)).rejects.toMatchObject({ code: '57014' });
    await cancelNextCommit();
    await cancelled;
    const left = await database.sql`
      select state from pg_stat_activity where application_name = 'cancelled'`;
    expect(left).toEqual([{ state: 'idle' }]);
    await write(round);
    const ids = await database.sql`select id from written order by id`;
    expect(ids.map(({ id }) => id)).toEqual([1, 2].slice(0, round));
  },
);
