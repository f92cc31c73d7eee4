import { beforeAll, expect } from '@jest/globals';
import { type SQL, sql } from 'drizzle-orm';
import fc from 'fast-check';
import { useDatabase } from '../support/database';
import { fuzz } from './fuzz';
import { interruptions, walkInterrupted } from './keys/interrupted';
import { drop, type KeyedTable, keyedTables, reference, store } from './keys/keyedTable';
import { SETUP } from './keys/keyTypes';

const database = useDatabase();

beforeAll(() => database.sql.unsafe(SETUP));

const conditions = fc.constantFrom<readonly [condition: string, where: SQL | undefined]>(
  ['true', undefined],
  ['"row" % 3 = 0', sql`"row" % ${3} = 0`],
  ['"row" > 20', sql`"row" > 20`],
  ['false', sql`false`],
);

fuzz(
  'a walk along any key takes each row once, however its attempts end',
  20,
  fc.record({ table: keyedTables, interrupted: interruptions, condition: conditions }),
  async ({ table, interrupted, condition: [condition, where] }) => {
    await store(database.sql, table);
    try {
      await setAll(table.settings);
      const key = table.key.map(({ name }) => sql`${sql.identifier(name)}`);
      const walked = { table: reference(table), key, where };
      expect(await walkInterrupted(database, walked, interrupted)).toBeUndefined();
      expect(await taken()).toEqual(await rowsOf(table, condition));
    } finally {
      await reset();
      await drop(database.sql, table);
    }
  },
);

const databaseName = () => new URL(database.databaseUrl).pathname.slice(1);

async function setAll(settings: readonly string[]): Promise<void> {
  for (const setting of settings) {
    await database.sql.unsafe(`alter database ${databaseName()} set ${setting}`);
  }
}

const reset = () => database.sql.unsafe(`alter database ${databaseName()} reset all`);

/** In order, so that a row that was taken twice stands there twice. */
async function taken(): Promise<string[]> {
  const rows = await database.sql`select "row"::text as id from ledger order by "row"`;
  return rows.map(({ id }) => id);
}

async function rowsOf(table: KeyedTable, condition: string): Promise<string[]> {
  const name = `"Odd, ""Schema"""."${table.name.replaceAll('"', '""')}"`;
  const rows = await database.sql.unsafe(
    `select "row"::text as id from ${name} where ${condition} order by "row"`,
  );
  return rows.map(({ id }) => id);
}
