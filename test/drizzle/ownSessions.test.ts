import { afterAll, expect, test } from '@jest/globals';
import { openSql } from '../../client/openSql';
import type { Sql } from '../../drizzle/connect';
import { openOwnDatabase } from '../../drizzle/workerDatabase';
import { useDatabase } from '../support/database';

const database = useDatabase({ empty: true });
const opened: Sql[] = [];

afterAll(() => Promise.all(opened.map((sql) => sql.end({ timeout: 1 }))));

test.each([
  ['off', 'on'],
  ['remote_apply', 'remote_apply'],
])(
  'where synchronous_commit is %s by default, it is %s for workers and lrm: what they have said stays done',
  async (byDefault, expected) => {
    const name = new URL(database.databaseUrl).pathname.slice(1);
    await database.sql.unsafe(`alter database ${name} set synchronous_commit = ${byDefault}`);
    for (const sql of [
      openOwnDatabase(database.databaseUrl).$client,
      openSql(database.databaseUrl),
    ]) {
      opened.push(sql);
      expect(await sql`show synchronous_commit`).toEqual([{ synchronous_commit: expected }]);
    }
  },
);
