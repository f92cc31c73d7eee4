import { is, SQL, type SQLChunk, sql } from 'drizzle-orm';
import { PgColumn, PgDialect } from 'drizzle-orm/pg-core';
import { JobUsageError } from '../jobUsageError';
import { columnName, type TableReference } from '../names';
import { kindOf, type OptionNames, requireOptions } from '../optionNames';

/** Options of `job.createIndexConcurrently`. */
export interface IndexOptions {
  /** True: no two rows may be equal in the index. Default: false. */
  readonly unique?: boolean | undefined;
}

/** An index as its author wants it. */
export interface WantedIndex {
  readonly name: string;
  readonly table: TableReference;
  /** What follows the table in CREATE INDEX. */
  readonly definition: string;
  readonly unique: boolean;
}

const INDEX: OptionNames<IndexOptions> = { unique: true };

const dialect = new PgDialect();

/** @throws JobUsageError when the arguments of `job.createIndexConcurrently` make no sense */
export function readIndex(
  name: string,
  table: TableReference,
  definition: SQL,
  options: IndexOptions = {},
): WantedIndex {
  requireName(name, 'an index');
  requireOptions(`the options of index ${name}`, options, INDEX);
  const { unique = false } = options;
  if (typeof unique !== 'boolean') {
    throw new JobUsageError(`index ${name}: unique must be true or false, not ${kindOf(unique)}`);
  }
  if (!is(definition, SQL)) throw new JobUsageError(`index ${name}: ${HOW}`);
  const text = render(name, unqualified(table, definition));
  if (!/^(\(|using\b)/i.test(text)) throw new JobUsageError(`index ${name}: ${HOW}`);
  return { name, table, definition: text, unique };
}

const HOW =
  'its definition is what follows the table in CREATE INDEX: sql`(email)`, sql`using gin (tags)`, ' +
  'sql`(email) where active`';

/** Postgres cuts longer names. Bytes. */
const NAME_AT_MOST = 63;

/** @throws JobUsageError when Postgres could not have an object of this name */
export function requireName(name: string, what: string): void {
  if (typeof name === 'string' && name !== '' && !name.includes('\0')) {
    if (Buffer.byteLength(name) <= NAME_AT_MOST) return;
  }
  throw new JobUsageError(`${what} needs a name of 1 to ${NAME_AT_MOST} bytes, without its schema`);
}

/** Outside of an expression, CREATE INDEX takes no column with its table: ("users"."email"). */
function unqualified(table: TableReference, definition: SQL): SQL {
  const chunk = (each: SQLChunk): SQLChunk => {
    if (is(each, PgColumn)) return sql.identifier(columnName(table, each));
    if (is(each, SQL)) return unqualified(table, each);
    return Array.isArray(each) ? each.map(chunk) : each;
  };
  return new SQL(definition.queryChunks.map(chunk));
}

/** With its values in the text: a DDL statement takes no parameters. */
function render(name: string, definition: SQL): string {
  try {
    return dialect.sqlToQuery(definition.inlineParams()).sql.trim();
  } catch {
    throw new JobUsageError(`index ${name}: its definition has a value that SQL text can't hold`);
  }
}
