import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { connect, type Sql } from '../../../drizzle/connect';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { openPostgresWire } from './openPostgresWire';
import type { PostgresWire, Stopped } from './postgresWire';

const database = useDatabase();
let wire: PostgresWire;
/** By way of the wire, as a worker. */
let client: Sql;

beforeAll(async () => {
  const url = new URL(database.databaseUrl);
  wire = await openPostgresWire(url.host);
  url.host = wire.address;
  client = connect(url.href, { applicationName: 'lrm worker', max: 2 });
  await client`create table done (id int)`;
});
afterAll(async () => {
  await client.end({ timeout: 1 });
  await wire.close();
});
beforeEach(() => database.sql`truncate done`);

const SOON = 10_000;
const rows = async () => (await database.sql`select id from done order by id`).map(({ id }) => id);
const stopAt = async (name: string, when: 'before' | 'after'): Promise<Stopped> => {
  const stopped = await wire.stopAt({ name, when }, SOON);
  if (!stopped) throw new Error(`nothing passed ${when} ${name}`);
  return stopped;
};

/** A transaction that is taken for a claim, because of its first statement. */
const claim = (id: number) =>
  client.begin('isolation level read committed', async (tx) => {
    await tx`select pg_advisory_xact_lock(1)`;
    await tx`insert into done values (${id})`;
  });
/** Watches a statement that may fail, without an unhandled rejection. */
const watch = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    () => 'lost',
  );

test('before COMMIT: nothing is committed, and it is when the statement goes on', async () => {
  const stopping = stopAt('claim: commit', 'before');
  const result = watch(claim(1));
  const stopped = await stopping;
  expect(stopped.session).toBe('lrm worker');
  expect(await rows()).toEqual([]);
  stopped.release();
  expect(await result).toBe('answered');
  expect(await rows()).toEqual([1]);
});

test('before COMMIT, cut: nothing is committed', async () => {
  const stopping = stopAt('claim: commit', 'before');
  const result = watch(claim(1));
  (await stopping).cut();
  expect(await result).toBe('lost');
  expect(await rows()).toEqual([]);
});

test('after COMMIT, cut: it is committed, and the client never gets the answer', async () => {
  const stopping = stopAt('claim: commit', 'after');
  const result = watch(claim(1));
  const stopped = await stopping;
  expect(await rows()).toEqual([1]);
  stopped.cut();
  expect(await result).toBe('lost');
});

test('after a statement in a transaction: the server has done it, others go on', async () => {
  const stopping = stopAt('claim: lock', 'after');
  const result = watch(claim(1));
  const stopped = await stopping;
  const [lock] = await database.sql`select from pg_locks where locktype = 'advisory' and granted
    and database = (select oid from pg_database where datname = current_database())`;
  expect(lock).toBeDefined();
  expect(await client`select 5 as five`).toEqual([{ five: 5 }]);
  stopped.release();
  expect(await result).toBe('answered');
});

test('a statement that waits for a lock is not after itself, and goes on at the deadline', async () => {
  const holder = database.sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(1)`;
    expect(await wire.stopAt({ name: 'claim: lock', when: 'after' }, 300)).toBeUndefined();
  });
  const result = watch(claim(1));
  await holder;
  expect(await result).toBe('answered');
});

test('a COMMIT that the server answers with ROLLBACK is not taken for one', async () => {
  const stopping = wire.stopAt({ name: 'claim: commit', when: 'after' }, SOON);
  const failing = client.begin('isolation level read committed', async (tx) => {
    await tx`select pg_advisory_xact_lock(1)`;
    await tx`select 1 / 0`.catch(() => {});
  });
  await watch(failing);
  const result = watch(claim(2));
  const stopped = await stopping;
  expect(await rows()).toEqual([2]);
  stopped?.release();
  expect(await result).toBe('answered');
});

test('a statement of a client that has ended still arrives when it is released', async () => {
  const url = new URL(database.databaseUrl);
  url.host = wire.address;
  const ending = connect(url.href, { applicationName: 'lrm worker', max: 1 });
  const stopping = stopAt('claim: commit', 'before');
  const result = watch(
    ending.begin('isolation level read committed', async (tx) => {
      await tx`select pg_advisory_xact_lock(1)`;
      await tx`insert into done values (3)`;
    }),
  );
  const stopped = await stopping;
  await ending.end({ timeout: 0 });
  expect(await result).toBe('lost');
  stopped.release();
  await waitFor('the commit', async () => (await rows()).includes(3));
});
