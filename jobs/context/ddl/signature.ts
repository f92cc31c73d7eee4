import { type SQL, sql, TransactionRollbackError } from 'drizzle-orm';
import type { Transaction } from '../attempt';
import type { WantedIndex } from './definition';

/** A table that can have an index. */
export interface IndexedTable {
  readonly id: string;
  readonly schemaId: string;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind. */
  readonly kind: string;
}

/**
 * All that makes an index what it is, as one text, in a query over `pg_index i` and `pg_class c`.
 * Not pg_get_indexdef() alone, which also holds the names of the index and of its table.
 */
export const SIGNATURE: SQL<string> = sql<string>`jsonb_build_array(
  (select amname from pg_am where oid = c.relam), i.indisunique, i.indisexclusion, i.indnkeyatts,
  i.indoption::text, i.indclass::text, i.indcollation::text,
  coalesce(to_jsonb(i) ->> 'indnullsnotdistinct', 'false'), c.reloptions,
  pg_get_expr(i.indpred, i.indrelid),
  (select jsonb_agg(jsonb_build_array(pg_get_indexdef(c.oid, a.attnum, false), a.attoptions)
     order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0))::text`;

/**
 * The signature of an index that does not exist yet. Postgres itself reads the definition: it makes
 * the index on an empty table with the same columns, which is then rolled back. So two definitions
 * may be written in different ways and still be equal, and a wrong one fails before anything is
 * changed.
 * @throws the error of Postgres about the definition
 */
export async function wantedSignature(
  tx: Transaction,
  { definition, unique }: WantedIndex,
  table: IndexedTable,
): Promise<string> {
  let found: string | undefined;
  const trial = tx.transaction(async (inner) => {
    // It has the table's name, by which the definition may call its columns: users.email.
    const clone = sql`pg_temp.${sql.identifier(table.name)}`;
    await inner.execute(sql`create temp table ${sql.identifier(table.name)}
      (like ${sql.identifier(table.schema)}.${sql.identifier(table.name)})`);
    await inner.execute(
      sql`create ${sql.raw(unique ? 'unique' : '')} index lrm_wanted on ${clone} ${sql.raw(definition)}`,
    );
    const [row] = await inner.execute<{ signature: string }>(sql`
      select ${SIGNATURE} as signature from pg_index i join pg_class c on c.oid = i.indexrelid
      where c.oid = 'pg_temp.lrm_wanted'::regclass`);
    found = row?.signature;
    inner.rollback();
  });
  await trial.catch((error) => {
    if (!(error instanceof TransactionRollbackError)) throw error;
  });
  if (found === undefined) throw new Error('the trial index is gone');
  return found;
}
