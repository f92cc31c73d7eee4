import { randomBytes } from 'node:crypto';
import { afterAll } from '@jest/globals';
import { connect } from '../../drizzle/connect';
import { SCHEMA } from '../../drizzle/schema';
import type { TestDatabase } from './database';

/** A role that can log in, with the privileges of a worker or an operator. */
export interface TestRole {
  readonly name: string;
  /** The database's URL with this login. */
  readonly url: string;
}

/**
 * Gives the test file roles, which are dropped after it. Call it after useDatabase() or
 * useDevServers(): the roles can only be dropped once the database with their grants is gone.
 */
export function useRoles(database: TestDatabase): { create(): Promise<TestRole> } {
  const names: string[] = [];
  afterAll(async () => {
    const server = new URL(database.databaseUrl);
    server.pathname = '/postgres';
    const sql = connect(server.href, { max: 1, applicationName: 'test' });
    for (const name of names) await sql.unsafe(`drop role ${name}`);
    await sql.end({ timeout: 5 });
  });
  return {
    create: async () => {
      const name = `role_${randomBytes(4).toString('hex')}`;
      await database.sql.unsafe(`
        create role ${name} login password 'secret';
        grant usage on schema ${SCHEMA}, public to ${name};
        grant select, insert, update, delete on all tables in schema ${SCHEMA}, public to ${name};
        grant usage on all sequences in schema ${SCHEMA} to ${name}`);
      names.push(name);
      const url = new URL(database.databaseUrl);
      url.username = name;
      url.password = 'secret';
      return { name, url: url.href };
    },
  };
}
