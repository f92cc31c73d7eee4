import { sql } from 'drizzle-orm';
import type { Database } from '../attempt';
import type { CatalogColumn } from '../catalogColumns';
import { type OperatorRow, operatorRows } from './operators';

/** An index, as the catalog describes it. Lists have one element for each of its key columns. */
export interface Index extends Record<string, unknown> {
  readonly id: string;
  readonly name: string;
  readonly unique: boolean;
  readonly btree: boolean;
  readonly usable: boolean;
  readonly partial: boolean;
  readonly deferrable: boolean;
  /** The positions of its columns in the table. 0 for an expression. */
  readonly columns: readonly number[];
  /** Whether it sorts the column in its type's usual order. */
  readonly standardOrders: readonly boolean[];
  readonly collations: readonly string[];
  /** 1 for descending, plus 2 for NULLS FIRST. */
  readonly options: readonly number[];
  readonly operators: readonly OperatorRow[];
}

/** All indexes of a table. */
export function findIndexes(
  db: Pick<Database, 'execute'>,
  tableId: string,
): PromiseLike<readonly Index[]> {
  return db.execute<Index>(sql`
    select c.oid::text as id, c.relname as name, i.indisunique as unique, m.amname = 'btree' as btree,
      i.indisvalid and i.indisready and i.indislive as usable,
      i.indpred is not null as partial, not i.indimmediate as deferrable,
      to_json((i.indkey::int2[])[0:i.indnkeyatts - 1]) as columns,
      (select json_agg(o.opcdefault order by class.number)
        from unnest(i.indclass::oid[]) with ordinality class (id, number)
        join pg_opclass o on o.oid = class.id) as "standardOrders",
      to_json(i.indcollation::oid[]::text[]) as collations,
      to_json(i.indoption::int2[]) as options,
      ${operatorRows} as operators
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
    where i.indrelid = ${tableId}::oid
    order by c.oid`);
}

/** Whether the index begins with these columns, in this order. */
export function beginsWith(index: Index, columns: readonly CatalogColumn[]): boolean {
  return columns.every(({ number }, at) => index.columns[at] === number);
}

/** Why a walk can't follow the index along its first columns. Undefined when it can. */
export function orderFlaw(index: Index, columns: readonly CatalogColumn[]): string | undefined {
  if (!index.usable) return 'is not valid (REINDEX it)';
  if (index.partial) return 'is partial';
  const count = columns.length;
  if (!index.btree || index.standardOrders.slice(0, count).includes(false)) {
    return "is not in its type's usual order";
  }
  // Its order would differ from that of `>` on the column.
  if (columns.some(({ collationId }, at) => index.collations[at] !== collationId)) {
    return "has another collation than the table's";
  }
  // A comparison of rows can only follow columns that are all ascending or all descending (then
  // with NULLS FIRST, the default).
  const options = index.options.slice(0, count).join(' ');
  return /^(0( 0)*|3( 3)*)$/.test(options) ? undefined : 'mixes directions';
}

/**
 * Why the index does not keep two rows from having equal values in its columns, as the columns
 * compare them. Undefined when it does. All of its columns must be among `columns`.
 */
export function uniqueFlaw(index: Index, columns: readonly CatalogColumn[]): string | undefined {
  if (!index.unique) return 'is not unique';
  if (!index.usable) return 'is not valid (REINDEX it)';
  if (index.partial) return 'is partial';
  if (index.deferrable) return 'is deferrable: it allows two rows with one key for a while';
  if (index.standardOrders.includes(false)) return "is not in its type's usual order";
  // 'a' and 'A' may be two values to the index, and one to the column.
  const collationOf = new Map(columns.map(({ number, collationId }) => [number, collationId]));
  const same = index.columns.every(
    (number, at) => index.collations[at] === collationOf.get(number),
  );
  return same ? undefined : "has another collation than the table's";
}
