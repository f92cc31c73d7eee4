import { afterAll, beforeAll } from '@jest/globals';
import { connect, type Sql } from '../../drizzle/connect';
import { cloneTemplate, dropDatabase } from './template';

export interface TestDatabase {
  readonly databaseUrl: string;
  /** postgres.js on that database. */
  readonly sql: Sql;
}

/**
 * For tests that need Postgres only: a database of the test file's own, with our tables or
 * (`empty: true`) without. Call it at the top of the file; its fields are there from beforeAll on.
 */
export function useDatabase(options: { empty?: boolean } = {}): TestDatabase {
  const database = {} as TestDatabase;
  beforeAll(async () => {
    Object.assign(database, await openDatabase(options.empty));
  });
  afterAll(() => closeDatabase(database));
  return database;
}

export async function openDatabase(empty = false): Promise<TestDatabase> {
  const databaseUrl = await cloneTemplate(empty);
  return { databaseUrl, sql: connect(databaseUrl, { applicationName: 'test' }) };
}

/** Closes and drops it; one that was never opened is fine. */
export async function closeDatabase({ sql, databaseUrl }: Partial<TestDatabase>): Promise<void> {
  await sql?.end({ timeout: 5 });
  if (databaseUrl) await dropDatabase(databaseUrl);
}
