import { sql } from 'drizzle-orm';
import type { Database } from '../attempt';
import type { CatalogColumn } from '../catalogColumns';
import { JobUsageError } from '../jobUsageError';
import { type OperatorRow, type Operators, operatorRows, operatorsOf } from './operators';

/** The part of a key that is needed to find its index. */
export interface KeyToCheck {
  readonly tableId: string;
  readonly tableName: string;
  readonly columns: readonly CatalogColumn[];
}

/** An index on exactly the key's columns, as the catalog describes it. */
interface Candidate extends Record<string, unknown> {
  readonly id: string;
  /** The operators of each column. */
  readonly operators: readonly OperatorRow[];
  readonly name: string;
  readonly unique: boolean;
  readonly btree: boolean;
  readonly usable: boolean;
  readonly partial: boolean;
  readonly deferrable: boolean;
  readonly standardOrder: boolean;
  readonly collations: string;
  /** A number for each column: 1 for descending, plus 2 for NULLS FIRST. */
  readonly options: string;
}

/**
 * Finds an index that always keeps the key's columns unique, and that a walk can follow. Without
 * one, batches would overlap, skip rows or sort the whole table.
 * @returns the index's OID, and the operators of its columns
 * @throws JobUsageError that says what is missing.
 */
export async function requireUniqueIndex(
  db: Pick<Database, 'execute'>,
  key: KeyToCheck,
): Promise<{ indexId: string; operators: Operators[] }> {
  const candidates = await findIndexes(db, key);
  const flaws = candidates.map((index) => ({ ...index, flaw: flawOf(index, key) }));
  const sound = flaws.find(({ flaw }) => flaw === undefined);
  if (sound) return { indexId: sound.id, operators: operatorsOf(sound.operators) };
  const columns = key.columns.map(({ name }) => name).join(', ');
  const why = flaws.map(({ name, flaw }) => `; ${name} ${flaw}`).join('');
  throw new JobUsageError(
    `${key.tableName} has no unique index on exactly (${columns})${why}: ` +
      'create one (CREATE UNIQUE INDEX CONCURRENTLY), or walk along another key',
  );
}

function findIndexes(
  db: Pick<Database, 'execute'>,
  key: KeyToCheck,
): PromiseLike<readonly Candidate[]> {
  const numbers = key.columns.map(({ number }) => number).join(' ');
  return db.execute<Candidate>(sql`
    select c.oid::text as id, c.relname as name, i.indisunique as unique, m.amname = 'btree' as btree,
      i.indisvalid and i.indisready and i.indislive as usable,
      i.indpred is not null as partial, not i.indimmediate as deferrable,
      not exists (select from unnest(i.indclass::oid[]) class
        join pg_opclass o on o.oid = class where not o.opcdefault) as "standardOrder",
      array_to_string(i.indcollation::oid[], ' ') as collations,
      array_to_string(i.indoption::int2[], ' ') as options,
      ${operatorRows} as operators
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
    where i.indrelid = ${key.tableId}::oid
      and array_to_string((i.indkey::int2[])[0:i.indnkeyatts - 1], ' ') = ${numbers}
    order by 1`);
}

function flawOf(index: Candidate, key: KeyToCheck): string | undefined {
  if (!index.unique) return 'is not unique';
  if (!index.usable) return 'is not valid (REINDEX it)';
  if (index.partial) return 'is partial';
  if (index.deferrable) return 'is deferrable: it allows two rows with one key for a while';
  if (!index.btree || !index.standardOrder) return "is not in its type's usual order";
  // Its order would differ from that of `>` on the column.
  if (index.collations !== key.columns.map(({ collationId }) => collationId).join(' ')) {
    return "has another collation than the table's";
  }
  // A comparison of rows can only follow columns that are all ascending or all descending (then
  // with NULLS FIRST, the default).
  return /^(0( 0)*|3( 3)*)$/.test(index.options) ? undefined : 'mixes directions';
}
