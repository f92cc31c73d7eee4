import { is, type SQL, sql } from 'drizzle-orm';
import { PgColumn } from 'drizzle-orm/pg-core';
import { SCHEMA } from '../../../drizzle/schema';
import type { Database } from '../attempt';
import { type CatalogColumn, findColumns } from '../catalogColumns';
import { JobUsageError } from '../jobUsageError';
import { type ColumnReference, columnName, type TableReference, tableText } from '../names';
import { findCollations, type KeyCollation } from './collations';
import { hidesRows } from './hiddenRows';
import { findLabels, type Labels } from './labels';
import type { Operators } from './operators';
import { requireIndexes } from './requireIndexes';

/** One column of a walk's key. */
export interface KeyColumn extends CatalogColumn {
  /** The column in SQL. */
  readonly column: SQL | PgColumn;
  readonly operators: Operators;
}

/**
 * The columns that a walk goes along. Postgres keeps them NOT NULL and in order. It also keeps them
 * unique, unless they are those of groups.
 */
export interface Key {
  /** As the author names it. */
  readonly table: TableReference;
  /** Schema and name, in quotes where they need them. */
  readonly tableName: string;
  readonly tableId: string;
  /** What that OID belongs to; see {@link FoundTable.within}. */
  readonly within: string;
  /** See {@link FoundTable.guarded}. */
  readonly guarded: boolean;
  /** The indexes that keep them in order and unique. */
  readonly indexIds: readonly string[];
  readonly columns: readonly KeyColumn[];
  /** Undefined when no type of the columns holds an enum. */
  readonly labels: Labels | undefined;
  /** Of the columns that have one. */
  readonly collations: readonly KeyCollation[];
  readonly descending: boolean;
  /** Whether rows may share a key. All rows with one key are a group, which is never split. */
  readonly grouped: boolean;
  /**
   * Of the table when the key was looked up; see versionOf() in tableState.ts. What is looked up along
   * the key holds only while the table has this version.
   */
  readonly version: string;
}

/** What is known of a key before its table's version is. */
export type DescribedKey = Omit<Key, 'version'>;

/** A walk's table and key as its author names them. */
export interface Walked {
  readonly table: TableReference;
  readonly columns: readonly ColumnReference[];
  readonly descending: boolean;
  /** Default: false. */
  readonly grouped?: boolean;
}

/** A table as the catalog knows it. */
export interface FoundTable {
  readonly id: string;
  /** Schema and name, in quotes where they need them. */
  readonly name: string;
  /**
   * The database and our own tables in it. A restored dump gives other OIDs to all tables, ours too.
   */
  readonly within: string;
  /** Whether row level security applies to the session's role. Its policies may still show all rows. */
  readonly guarded: boolean;
}

/**
 * Looks up the key in the catalogs.
 * @param known the table, if its name has been looked up already
 * @throws JobUsageError when a walk can't go along the columns exactly.
 */
export async function describeKey(
  db: Pick<Database, 'execute'>,
  { table, columns: references, descending, grouped = false }: Walked,
  known?: FoundTable,
): Promise<DescribedKey> {
  const { id: tableId, name: tableName, within, guarded } = known ?? (await findTable(db, table));
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
  const described = { tableId, tableName, columns, grouped };
  const { indexIds, operators } = await requireIndexes(db, described);
  const compared = columns.map((column, index) => {
    const own = operators[index];
    if (!own) throw new JobUsageError(`${tableName}.${column.name} has a type without an order`);
    return { ...column, operators: own };
  });
  const numbers = columns.map(({ number }) => number);
  const labels = await findLabels(db, tableId, numbers);
  const collations = await findCollations(db, columns);
  const looked = { tableName, tableId, within, guarded, indexIds, labels, collations };
  return { table, ...looked, columns: compared, descending, grouped };
}

interface FoundRow extends FoundTable, Record<string, unknown> {
  readonly kind: string;
  /** Whether other tables inherit from it, or are its partitions. */
  readonly parent: boolean;
  /** Whether one of its partitions is a foreign table. */
  readonly far: boolean;
  /** Whether row security may hide rows of it. */
  readonly hidden: boolean;
  readonly role: string;
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
  const [found] = await db.execute<FoundRow>(sql`
    select c.oid::text as id, format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind,
      exists (select from pg_inherits where inhparent = c.oid) as parent,
      exists (select from pg_partition_tree(c.oid) p join pg_class f on f.oid = p.relid
        where f.relkind = 'f') as far,
      row_security_active(c.oid) as guarded, ${hidesRows(sql`c.oid`)} as hidden, current_user as role,
      concat_ws(' ', (select oid from pg_database where datname = current_database()),
        to_regclass(${`${SCHEMA}.walks`})::oid) as within
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.oid = to_regclass(${text}::text)`);
  if (!found) throw new JobUsageError(`there is no table ${text}`);
  if (found.kind !== 'r' && found.kind !== 'p') {
    throw new JobUsageError(`${found.name} is not a table; walk over the table itself`);
  }
  if (found.kind === 'r' && found.parent) {
    throw new JobUsageError(
      `${found.name} has tables inheriting from it, whose rows its index does not cover: ` +
        'walk over each of them',
    );
  }
  if (found.far) {
    throw new JobUsageError(
      `${found.name} has a partition that is a foreign table, which does not commit together with ` +
        'the walk: walk over the other partitions one by one',
    );
  }
  if (found.hidden) {
    throw new JobUsageError(
      `row level security of ${found.name} may hide rows from the role "${found.role}", and the walk ` +
        `would leave them out: ALTER ROLE "${found.role}" BYPASSRLS, give it a policy FOR ALL USING (true), ` +
        'or let the jobs log in as the owner of the table',
    );
  }
  return found;
}

function columnReference(table: TableReference, reference: ColumnReference, name: string) {
  return is(reference, PgColumn) ? reference : sql`${table}.${sql.identifier(name)}`;
}
