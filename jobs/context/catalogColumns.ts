import { type SQL, sql } from 'drizzle-orm';
import type { Database } from './attempt';
import { type TableReference, tableText } from './names';

/** A column as Postgres's catalog describes it. */
export interface CatalogColumn {
  readonly name: string;
  /** Its position in the catalog. */
  readonly number: number;
  /**
   * The exact type without its length. A cast to varchar(5) would cut a longer value, and a cast to
   * numeric(10,2) would round it.
   */
  readonly type: string;
  /** The type with its schema, for casts that work with any search_path. */
  readonly qualifiedType: string;
  /** The type below a domain, in the same form. For other types it is {@link qualifiedType}. */
  readonly baseType: string;
  /** In quotes, with its schema. Null for types without a collation. */
  readonly collation: string | null;
  readonly collationId: string;
  readonly nullable: boolean;
  /**
   * Whether `unnest()` of an array of this type gives its values back. It would take arrays apart,
   * and a few types separate the elements of their arrays by another character than a comma.
   */
  readonly unnests: boolean;
}

/** A table's columns by their names. Empty when the table does not exist. */
export async function findColumns(
  db: Pick<Database, 'execute'>,
  table: TableReference,
): Promise<ReadonlyMap<string, CatalogColumn>> {
  const rows = await db.execute<CatalogColumn & Record<string, unknown>>(sql`
    select a.attname as name, a.attnum as number, format_type(a.atttypid, -1) as type,
      quote_ident(tn.nspname) || '.' || quote_ident(t.typname) as "qualifiedType",
      (with recursive below (oid, base) as (
          values (t.oid, t.typbasetype)
          union all select b.oid, b.typbasetype from below join pg_type b on b.oid = below.base)
        select quote_ident(bn.nspname) || '.' || quote_ident(b.typname)
        from below join pg_type b using (oid) join pg_namespace bn on bn.oid = b.typnamespace
        where base = 0) as "baseType",
      quote_ident(n.nspname) || '.' || quote_ident(c.collname) as collation, a.attcollation::text as "collationId",
      -- Since Postgres 18 a NOT NULL constraint may be NOT VALID: old rows can still hold NULL.
      not a.attnotnull or exists (
        select from pg_constraint where conrelid = a.attrelid and contype = 'n'
          and not convalidated and conkey = array[a.attnum]) as nullable,
      t.typarray <> 0 and t.typdelim = ',' as unnests
    from pg_attribute a
      join pg_type t on t.oid = a.atttypid
      join pg_namespace tn on tn.oid = t.typnamespace
      left join pg_collation c on c.oid = a.attcollation
      left join pg_namespace n on n.oid = c.collnamespace
    where a.attrelid = to_regclass(${tableText(table)}::text) and a.attnum > 0 and not a.attisdropped`);
  return new Map(rows.map((row) => [row.name, row]));
}

/** The expression with the column's collation, so that it compares and sorts as the column does. */
export function collated(expression: SQL, { collation }: Pick<CatalogColumn, 'collation'>): SQL {
  return collation ? sql`(${expression}) collate ${sql.raw(collation)}` : expression;
}
