import { type SQL, sql } from 'drizzle-orm';
import { lockShared, requireCurrent, selectIfCurrent } from '../../../drizzle/rows/fence';
import { AttemptOutdated } from '../../../drizzle/rows/superseded';
import type { Attempt, Database, Transaction } from '../attempt';
import { tableText } from '../names';
import { describeKey, findTable, type Key, type Walked } from './key';

// What a walk found out about its table when it was opened has to hold in each of its transactions:
// the order of the keys, the index that keeps them unique, and which table the name stands for.

/**
 * A batch that waits for a row holds others meanwhile, and a lock on the table would queue the
 * application behind it. Half of Postgres's deadlock_timeout: in a deadlock with the application
 * it is then always the batch that gives way.
 */
const LOCK_TIMEOUT = '500ms';

/** A transaction of a walk, fenced. */
export interface Entered {
  /** Process ID of its session. */
  readonly pid: number;
  readonly transactionId: string;
  readonly version: string;
}

/** Fences a transaction of a walk, makes it polite, and reads the state of its table. */
export async function enterTransaction(
  tx: Transaction,
  attempt: Attempt,
  key: Key,
): Promise<Entered> {
  // Sent together: with small batches, round trips are what bookkeeping costs. postgres.js waits
  // for the types of parameters before it sends the next statement, so none has any.
  const politely = sql`, set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`;
  const state = sql`, pg_backend_pid() as pid, pg_current_xact_id()::text as "transactionId",
    ${locked(key.tableName)} as locked, ${versionOf(key)} as version`;
  const [, [row]] = await Promise.all([
    tx.execute(lockShared(attempt.migration, politely).inlineParams()),
    tx.execute(selectIfCurrent(attempt, state).inlineParams()),
  ]);
  return requireCurrent(attempt, row) as unknown as Entered;
}

/** Looks a walk's key up while nobody can change the table; with the version that it has then. */
export async function describeLocked(
  tx: Pick<Database, 'execute'>,
  walked: Walked,
): Promise<{ key: Key; version: string }> {
  const table = await findTable(tx, walked.table);
  await tx.execute(sql`select ${locked(table.name)}`);
  const key = await describeKey(tx, walked, table);
  const [row] = await tx.execute<{ version: string; same: boolean }>(
    sql`select ${versionOf(key)} as version, ${isSameTable(key)} as same`,
  );
  if (!row?.same) throw new AttemptOutdated(`${table.name} has just been replaced`);
  return { key, version: row.version };
}

/** Whether the name still stands for that table, in this session. */
export const isSameTable = ({ table, tableId }: Key): SQL =>
  sql`to_regclass(${tableText(table)}) = ${tableId}::oid`;

/** Whether all that a walk depends on is the same. The index may be another one as good. */
export function isSameKey(one: Key, other: Key): boolean {
  const essence = ({ tableId, columns }: Key) =>
    JSON.stringify([
      tableId,
      columns.map(({ name, number, qualifiedType, collationId, operators }) => [
        name,
        number,
        qualifiedType,
        collationId,
        operators,
      ]),
    ]);
  return essence(one) === essence(other);
}

/** Locks the table against changes of its definition to the transaction's end, reading nothing. */
const locked = (tableName: string): SQL =>
  sql`exists (select from ${sql.raw(tableName)} where false)`;

/**
 * Changes with each change of the table's, its key columns' or its index's definition (their rows
 * in the catalogs are written anew then), and when the name stands for another table. It may also
 * change for less, so that a difference says only that the key has to be looked up again.
 */
function versionOf({ table, tableId, indexId, columns }: Key): SQL<string> {
  const numbers = sql.raw(columns.map(({ number }) => number).join(', '));
  return sql<string>`concat_ws(' ',
    coalesce(to_regclass(${tableText(table)})::oid::text, '-'),
    coalesce((select xmin::text from pg_class where oid = ${tableId}::oid), '-'),
    coalesce((select xmin::text from pg_index where indexrelid = ${indexId}::oid), '-'),
    (select string_agg(xmin::text, ' ' order by attnum) from pg_attribute
      where attrelid = ${tableId}::oid and attnum in (${numbers})))`;
}
