import { afterAll, beforeAll } from '@jest/globals';
import { connect, type Sql } from '../../drizzle/connect';
import { cloneTemplate, dropDatabase } from './template';

export interface TestDatabase {
  readonly databaseUrl: string;
  /** postgres.js client of that database. */
  readonly sql: Sql;
}

export interface DatabaseOptions {
  /** Without our tables. */
  readonly empty?: boolean;
  /** With the registrations that drizzle/sql holds. */
  readonly registered?: boolean;
}

/**
 * Gives the test file its own database, for tests that need only Postgres. Call it at the top of
 * the file. Its fields are set in beforeAll.
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
  // A test starts without the migrations that the project itself registers.
  if (!empty && !registered) await sql`truncate long_running_migrations.migrations cascade`;
  return { databaseUrl, sql };
}

/** Closes and drops a database. Does nothing if it was never opened. */
export async function closeDatabase({ sql, databaseUrl }: Partial<TestDatabase>): Promise<void> {
  await sql?.end({ timeout: 5 });
  if (databaseUrl) await dropDatabase(databaseUrl);
}
