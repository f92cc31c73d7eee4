import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { connect, type Sql } from '../../drizzle/connect';
import { useDatabase } from '../support/database';
import { type CuttableProxy, startProxy } from '../support/proxy';
import { waitFor } from '../support/waitFor';

const database = useDatabase({ empty: true });
let proxy: CuttableProxy;
let opened: Sql | undefined;

beforeAll(async () => {
  proxy = await startProxy(new URL(database.databaseUrl).host);
});

afterEach(async () => {
  await opened?.end({ timeout: 1 });
  delete process.env['PGAPPNAME'];
});

afterAll(() => proxy.close());

const SETTINGS = { statement_timeout: '12345', lock_timeout: '678ms' };

function open(query = '', onSession?: () => void): Sql {
  const url = database.databaseUrl.replace(new URL(database.databaseUrl).host, proxy.address);
  opened = connect(`${url}${query}`, {
    max: 1,
    applicationName: "lrm's own",
    settings: SETTINGS,
    ...(onSession && { onSession }),
  });
  return opened;
}

const settingsOf = async (sql: Sql) => {
  const [row] = await sql`
    select current_setting('application_name') as name, current_setting('statement_timeout') as statement,
           current_setting('lock_timeout') as lock, current_setting('client_connection_check_interval') as check`;
  return row;
};
const EXPECTED = { name: "lrm's own", statement: '12345ms', lock: '678ms', check: '2s' };

test('a session starts without parameters that a pooler would refuse', async () => {
  await open()`select 1`;

  const packet = proxy.firstPackets.at(-1)?.subarray(8).toString() ?? '';
  const names = packet.split('\0').filter((_, index) => index % 2 === 0);
  // PgBouncer refuses other parameters with 08P01.
  expect(names.filter(Boolean).sort()).toEqual([
    'application_name',
    'client_encoding',
    'database',
    'user',
  ]);
});

test('each session, also after a reconnect, has its settings before its first statement', async () => {
  const sql = open();
  expect(await settingsOf(sql)).toEqual(EXPECTED);
  const [session] = await sql`select pg_backend_pid() as pid`;

  await database.sql`select pg_terminate_backend(${session?.['pid']}, 5000)`;

  // The client may not have noticed the end yet.
  const next = await waitFor('another session', () => settingsOf(sql).catch(() => undefined));
  expect(next).toEqual(EXPECTED);
});

test('a session has our name, whatever the URL, the environment or the role say', async () => {
  process.env['PGAPPNAME'] = 'from the environment';
  expect(await settingsOf(open('&application_name=another'))).toEqual(EXPECTED);
});

test('onSession is called once for each session', async () => {
  let sessions = 0;
  const sql = open('', () => {
    sessions++;
  });
  const [session] = await sql`select pg_backend_pid() as pid`;
  await sql`select 2`;
  expect(sessions).toBe(1);

  await database.sql`select pg_terminate_backend(${session?.['pid']}, 5000)`;
  await waitFor('another session', () => sql`select 3`.catch(() => undefined));

  expect(sessions).toBe(2);
});

test('no statement runs on a session that did not get its settings', async () => {
  await database.sql`create table written (id integer)`;
  opened = connect(database.databaseUrl, {
    max: 1,
    applicationName: 'test',
    settings: { statement_timeout: 'soon' },
  });

  const both = [opened`insert into written values (1)`, opened`insert into written values (2)`];
  for (const { status } of await Promise.allSettled(both)) expect(status).toBe('rejected');

  expect(await database.sql`select * from written`).toHaveLength(0);
});
