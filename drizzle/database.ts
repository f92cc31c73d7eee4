import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Sql } from './connect';

/** Drizzle over postgres.js, without a schema for relational queries. */
export type Database = PostgresJsDatabase<Record<string, never>> & { readonly $client: Sql };

/** A Drizzle transaction on it. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** Drizzle on `sql`. From then on `sql` itself gives times as text: Drizzle parses them. */
export const database = (sql: Sql): Database => drizzle(sql);
