import type { SQL } from 'drizzle-orm';
import { type Database, dialectOf, type Transaction } from './database';

/** A statement of ours as the driver takes it. It is prepared once in each session. */
export interface Statement {
  readonly text: string;
  readonly params: readonly unknown[];
}

/** Writes a statement for the driver. */
export function statement(db: Database | Transaction, query: SQL): Statement {
  const { sql: text, params } = dialectOf(db).sqlToQuery(query);
  return { text, params };
}

/**
 * The same with its values in the text. It has a plan that is kept, and it never waits for the types
 * of its parameters: for values that stay the same in a session.
 */
export const inlined = (db: Database | Transaction, query: SQL): Statement =>
  statement(db, query.inlineParams());
