import { is, type SQL, sql } from 'drizzle-orm';
import { PgColumn } from 'drizzle-orm/pg-core';
import type { Database } from '../attempt';
import { type CatalogColumn, findColumns } from '../catalogColumns';
import { type ColumnReference, columnName, type TableReference, tableText } from '../names';
import { Refused } from '../refused';
import { requireUniqueIndex } from './uniqueIndex';

/** One column of a walk's key. */
export interface KeyColumn extends Omit<CatalogColumn, 'nullable'> {
  /** Refers to it in SQL. */
  readonly column: SQL | PgColumn;
}

/** What a walk goes along: columns that Postgres keeps unique, NOT NULL and in order. */
export interface Key {
  readonly table: TableReference;
  /** Schema and name. */
  readonly tableName: string;
  readonly tableId: string;
  readonly columns: readonly KeyColumn[];
  readonly descending: boolean;
}

/**
 * Looks the key up in the catalogs.
 * @throws Refused when the table or the columns can't be walked along exactly.
 */
export async function describeKey(
  db: Database,
  table: TableReference,
  references: readonly ColumnReference[],
  descending: boolean,
): Promise<Key> {
  const { id: tableId, name: tableName } = await findTable(db, table);
  const found = await findColumns(db, table);
  const columns = references.map((reference) => {
    const column = found.get(columnName(table, reference));
    if (!column) throw new Refused(`${tableName} has no column ${columnName(table, reference)}`);
    if (column.nullable) {
      throw new Refused(
        `${tableName}.${column.name} may be NULL, and NULLs have no place in a walk: ` +
          'set it NOT NULL, or walk along another key',
      );
    }
    return { ...column, column: columnReference(table, reference, column.name) };
  });
  const key = { table, tableName, tableId, columns, descending };
  await requireUniqueIndex(db, key);
  return key;
}

async function findTable(db: Database, table: TableReference) {
  const text = tableText(table);
  const [found] = await db.execute<{ id: string; name: string; kind: string; parent: boolean }>(sql`
    select c.oid::text as id, format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind,
      exists (select from pg_inherits where inhparent = c.oid) as parent
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.oid = to_regclass(${text}::text)`);
  if (!found) throw new Refused(`there is no table ${text}`);
  if (found.kind !== 'r' && found.kind !== 'p') {
    throw new Refused(`${found.name} is no table; walk over the table itself`);
  }
  if (found.kind === 'r' && found.parent) {
    throw new Refused(
      `${found.name} has tables inheriting from it, whose rows its unique index does not cover: ` +
        'walk over each of them',
    );
  }
  return found;
}

function columnReference(table: TableReference, reference: ColumnReference, name: string) {
  return is(reference, PgColumn) ? reference : sql`${table}.${sql.identifier(name)}`;
}
