import type { PgQueryResultHKT } from 'drizzle-orm/pg-core';
import { PgDatabase, PgDialect } from 'drizzle-orm/pg-core';
import { PostgresJsSession } from 'drizzle-orm/postgres-js/session';
import type { Assume } from 'drizzle-orm/utils';
import type postgres from 'postgres';
import type { DatabaseUrls } from '../settings/databases';
import type { Sql } from './connect';
import { SCHEMA } from './ourSchema';

/** What a statement without `returning()` gives: its rows, and how many it changed as `count`. */
export interface QueryResult extends PgQueryResultHKT {
  readonly type: postgres.RowList<Assume<this['row'], postgres.Row>[]>;
}

/** Drizzle over postgres.js, without a schema for relational queries. */
export type Database = PgDatabase<QueryResult, Record<string, never>> & {
  readonly $client: Sql;
  /**
   * Only of the main database: the URLs of the further ones. Whoever ends the sessions of an attempt
   * here has to end them there, too.
   */
  readonly others?: DatabaseUrls;
};

/** A transaction of {@link Database}. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** Types that Drizzle reads and writes as text itself: dates, times and intervals, and their arrays. */
const TIMES = [1082, 1083, 1114, 1182, 1184, 1185, 1115, 1231];
/** json and jsonb: Drizzle writes them as text. */
const JSONS = [114, 3802];

/**
 * Drizzle on `sql`. From then on `sql` itself gives times as text: Drizzle parses them.
 *
 * Not drizzle-orm/postgres-js, which loads a postgres.js of its own: that one would be the
 * application's, without our patch.
 * @param schema of our tables in this database, which statements then name instead of `SCHEMA`
 */
export function database(sql: Sql, others?: DatabaseUrls, schema: string = SCHEMA): Database {
  const asIs = (value: unknown) => value;
  const { parsers, serializers } = sql.options;
  for (const type of TIMES) parsers[type] = serializers[type] = asIs;
  for (const type of JSONS) serializers[type] = asIs;
  const dialect = schema === SCHEMA ? new PgDialect() : new DialectOf(schema);
  const session = new PostgresJsSession(sql, dialect, undefined);
  const db = new PgDatabase<QueryResult>(dialect, session as never, undefined as never);
  return Object.assign(db, { $client: sql, ...(others && { others }) }) as unknown as Database;
}

/** Writes another name where a statement names the schema of our tables. */
class DialectOf extends PgDialect {
  constructor(schema: string) {
    super();
    const { escapeName } = this;
    // Drizzle calls it without its object.
    this.escapeName = (name) => escapeName(name === SCHEMA ? schema : name);
  }
}

/** The dialect of a database. All its transactions have the same one, and no other database has it. */
export const dialectOf = (db: Database | Transaction): PgDialect =>
  (db as unknown as { readonly dialect: PgDialect }).dialect;
