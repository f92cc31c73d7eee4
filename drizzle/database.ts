import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { Sql } from './connect';

/** Drizzle over postgres.js, without a schema for relational queries. */
export type Database = PostgresJsDatabase<Record<string, never>> & { readonly $client: Sql };

/** A transaction of {@link Database}. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** Puts Drizzle on `sql`, which itself then returns times as text, because Drizzle parses them. */
export const database = (sql: Sql): Database => drizzle(sql);
