import { is, type SQL, sql } from 'drizzle-orm';
import { PgColumn } from 'drizzle-orm/pg-core';
import type { Database } from '../attempt';
import { type CatalogColumn, findColumns } from '../catalogColumns';
import { JobUsageError } from '../jobUsageError';
import { type ColumnReference, columnName, type TableReference, tableText } from '../names';
import type { Operators } from './operators';
import { requireUniqueIndex } from './uniqueIndex';

/** One column of a walk's key. */
export interface KeyColumn extends CatalogColumn {
  /** The column in SQL. */
  readonly column: SQL | PgColumn;
  readonly operators: Operators;
}

/** The columns that a walk goes along. Postgres keeps them unique, NOT NULL and in order. */
export interface Key {
  /** As the author names it. */
  readonly table: TableReference;
  /** Schema and name, in quotes where they need them. */
  readonly tableName: string;
  readonly tableId: string;
  readonly indexId: string;
  readonly columns: readonly KeyColumn[];
  readonly descending: boolean;
}

/** A walk's table and key as its author names them. */
export interface Walked {
  readonly table: TableReference;
  readonly columns: readonly ColumnReference[];
  readonly descending: boolean;
}

/** A table as the catalog knows it. */
export interface FoundTable {
  readonly id: string;
  /** Schema and name, in quotes where they need them. */
  readonly name: string;
}

/**
 * Looks up the key in the catalogs.
 * @param known the table, if its name has been looked up already
 * @throws JobUsageError when a walk can't go along the columns exactly.
 */
export async function describeKey(
  db: Pick<Database, 'execute'>,
  { table, columns: references, descending }: Walked,
  known?: FoundTable,
): Promise<Key> {
  const { id: tableId, name: tableName } = known ?? (await findTable(db, table));
  const found = await findColumns(db, table);
  const columns = references.map((reference) => {
    const column = found.get(columnName(table, reference));
    if (!column)
      throw new JobUsageError(`${tableName} has no column ${columnName(table, reference)}`);
    if (column.nullable) {
      throw new JobUsageError(
        `${tableName}.${column.name} may be NULL, and a walk can't go along NULLs: ` +
          'set it NOT NULL, or walk along another key',
      );
    }
    return { ...column, column: columnReference(table, reference, column.name) };
  });
  const { indexId, operators } = await requireUniqueIndex(db, { tableId, tableName, columns });
  const compared = columns.map((column, index) => {
    const own = operators[index];
    if (!own) throw new JobUsageError(`${tableName}.${column.name} has a type without an order`);
    return { ...column, operators: own };
  });
  return { table, tableName, tableId, indexId, columns: compared, descending };
}

/**
 * Looks up the table that a name refers to.
 * @throws JobUsageError when there is none, or a walk can't go over it.
 */
export async function findTable(
  db: Pick<Database, 'execute'>,
  table: TableReference,
): Promise<FoundTable> {
  const text = tableText(table);
  const [found] = await db.execute<{ id: string; name: string; kind: string; parent: boolean }>(sql`
    select c.oid::text as id, format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind,
      exists (select from pg_inherits where inhparent = c.oid) as parent
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.oid = to_regclass(${text}::text)`);
  if (!found) throw new JobUsageError(`there is no table ${text}`);
  if (found.kind !== 'r' && found.kind !== 'p') {
    throw new JobUsageError(`${found.name} is not a table; walk over the table itself`);
  }
  if (found.kind === 'r' && found.parent) {
    throw new JobUsageError(
      `${found.name} has tables inheriting from it, whose rows its unique index does not cover: ` +
        'walk over each of them',
    );
  }
  return found;
}

function columnReference(table: TableReference, reference: ColumnReference, name: string) {
  return is(reference, PgColumn) ? reference : sql`${table}.${sql.identifier(name)}`;
}
