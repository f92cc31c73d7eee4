import { type SQL, sql } from 'drizzle-orm';
import { lockName, lockShared, requireCurrent, selectIfCurrent } from '../../../drizzle/rows/fence';
import { AttemptOutdated } from '../../../drizzle/rows/superseded';
import type { Attempt, Database, Transaction } from '../attempt';
import { tableText } from '../names';
import { describeKey, findTable, type Key, type Walked } from './key';

// A walk looks up its table when it is opened: the order of the keys, the index that keeps them
// unique, and the table that the name refers to. All of this must still be true in each of its
// transactions.

/**
 * While a batch waits for a row, it keeps its locks on other rows. While it waits for the table,
 * the application queues behind it. The value is half of Postgres's default deadlock_timeout, so in
 * a deadlock with the application it is always the batch that fails, and is tried again.
 */
const LOCK_TIMEOUT = '500ms';

/** A transaction of a walk, fenced. */
export interface Entered {
  /** Process ID of its session. */
  readonly pid: number;
  readonly transactionId: string;
  /** The version of the table; see {@link versionOf}. */
  readonly version: string;
}

/** Fences a transaction of a walk, sets its lock timeout, and reads the state of its table. */
export async function enterTransaction(
  tx: Transaction,
  attempt: Attempt,
  key: Key,
): Promise<Entered> {
  // Both statements are sent together: with small batches, the cost of bookkeeping is its round
  // trips. They have no parameters, since postgres.js waits for the types of parameters before it
  // sends the next statement.
  const politely = sql`, set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`;
  const state = sql`, pg_backend_pid() as pid, pg_current_xact_id()::text as "transactionId",
    ${locked(key.tableName)} as locked, ${versionOf(key)} as version`;
  if (attempt.dry) {
    const [row] = await tx.execute(sql`select 1 as dry ${politely} ${state}`.inlineParams());
    return row as unknown as Entered;
  }
  const [, [row]] = await Promise.all([
    tx.execute(lockShared(lockName(attempt), politely).inlineParams()),
    tx.execute(selectIfCurrent(attempt, state).inlineParams()),
  ]);
  return requireCurrent(attempt, row) as unknown as Entered;
}

/** Looks up a walk's key and the table's version while the table is locked against changes. */
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

/** Whether the name still refers to this table in the session. */
export const isSameTable = ({ table, tableId }: Key): SQL =>
  sql`to_regclass(${tableText(table)}) = ${tableId}::oid`;

/** Whether all that a walk depends on is equal. The index may be another one that is as good. */
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

/** Locks the table's definition until the transaction ends. Reads no row. */
const locked = (tableName: string): SQL =>
  sql`exists (select from ${sql.raw(tableName)} where false)`;

/**
 * A text that changes with every change of the definition of the table, its key columns or their
 * indexes: each change writes a new version of a row in the catalogs. It also changes when the name
 * refers to another table. It can change for smaller reasons too, so a new text only means that the
 * key has to be looked up again.
 */
function versionOf({ table, tableId, indexIds, columns }: Key): SQL<string> {
  const numbers = sql.raw(columns.map(({ number }) => number).join(', '));
  const indexes = sql.join(
    indexIds.map(
      (id) => sql`coalesce((select xmin::text from pg_index where indexrelid = ${id}::oid), '-')`,
    ),
    sql`, `,
  );
  return sql<string>`concat_ws(' ',
    coalesce(to_regclass(${tableText(table)})::oid::text, '-'),
    coalesce((select xmin::text from pg_class where oid = ${tableId}::oid), '-'),
    ${indexes},
    (select string_agg(xmin::text, ' ' order by attnum) from pg_attribute
      where attrelid = ${tableId}::oid and attnum in (${numbers})))`;
}
