import { executionAsyncResource } from 'node:async_hooks';
import { expect, test } from '@jest/globals';
import { connect } from '../../../drizzle/connect';
import { useDatabase } from '../../support/database';

const database = useDatabase({ empty: true });

test('connections leave nothing behind that Node copies to each later promise', async () => {
  // With two hosts each connection is preceded by a session of its own, to see whether it fits.
  const two = new URL(database.databaseUrl);
  two.searchParams.set('host', '127.0.0.1,127.0.0.1');
  two.searchParams.set('port', `${two.port},${two.port}`);
  await useOnce(two.href);
  const before = await copied();
  for (let i = 0; i < 3; i++) {
    await useOnce(two.href);
    await useOnce(database.databaseUrl);
  }
  expect(await copied()).toBe(before);
});

async function useOnce(url: string): Promise<void> {
  const sql = connect(url, { max: 1, applicationName: 'test' });
  await sql`select 1`;
  await sql.end();
}

/** How many values of contexts something new gets. None from Node 24 on, which doesn't copy them. */
const copied = () =>
  new Promise<number>((resolve) => {
    setImmediate(() => resolve(Object.getOwnPropertySymbols(executionAsyncResource()).length));
  });
