import { afterAll, beforeAll } from '@jest/globals';
import { connect, type Sql } from '../../drizzle/connect';
import { cloneTemplate, dropDatabase } from './template';

export interface TestDatabase {
  readonly databaseUrl: string;
  /** postgres.js on that database. */
  readonly sql: Sql;
}

export interface DatabaseOptions {
  /** Without our tables. */
  readonly empty?: boolean;
  /** With the registrations that drizzle/sql holds. */
  readonly registered?: boolean;
}

/**
 * For tests that need Postgres only: a database of the test file's own, with our tables or
 * (`empty: true`) without. Call it at the top of the file; its fields are there from beforeAll on.
 */
export function useDatabase(options: DatabaseOptions = {}): TestDatabase {
  const database = {} as TestDatabase;
  beforeAll(async () => {
    Object.assign(database, await openDatabase(options));
  });
  afterAll(() => closeDatabase(database));
  return database;
}

export async function openDatabase({
  empty = false,
  registered = false,
}: DatabaseOptions): Promise<TestDatabase> {
  const databaseUrl = await cloneTemplate(empty);
  const sql = connect(databaseUrl, { applicationName: 'test' });
  // What the project itself registers is not what a test has registered.
  if (!empty && !registered) await sql`truncate long_running_migrations.migrations cascade`;
  return { databaseUrl, sql };
}

/** Closes and drops it; one that was never opened is fine. */
export async function closeDatabase({ sql, databaseUrl }: Partial<TestDatabase>): Promise<void> {
  await sql?.end({ timeout: 5 });
  if (databaseUrl) await dropDatabase(databaseUrl);
}
