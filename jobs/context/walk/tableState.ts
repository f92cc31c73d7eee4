import { type SQL, sql } from 'drizzle-orm';
import { lockName, lockShared, requireCurrent, selectIfCurrent } from '../../../drizzle/rows/fence';
import { AttemptOutdated } from '../../../drizzle/rows/superseded';
import { inlined, type Statement } from '../../../drizzle/statement';
import type { Rows } from '../../../drizzle/transaction';
import type { Attempt, Database } from '../attempt';
import { tableText } from '../names';
import { hidesRows } from './hiddenRows';
import { type DescribedKey, describeKey, findTable, type Key, type Walked } from './key';
import { currentVersion, hasSameLabels, labelsChanged } from './labels';

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

/**
 * The first statements of a transaction of a walk: they fence it, choose its settings, and read the
 * state of its table; see {@link readEntered}.
 * @param durable whether its COMMIT waits for the disk
 */
export function enterStatements(
  db: Database,
  attempt: Attempt,
  key: Key,
  durable: boolean,
): readonly Statement[] {
  const settings = sql`, ${settingsOf(durable)}`;
  const state = sql`, pg_backend_pid() as pid, pg_current_xact_id()::text as "transactionId",
    ${tableState(key)}`;
  if (attempt.dry) return [inlined(db, sql`select 1 as dry ${settings} ${state}`)];
  return [
    inlined(db, lockShared(lockName(attempt), settings)),
    inlined(db, selectIfCurrent(attempt, state)),
  ];
}

/**
 * Reads what {@link enterStatements} have found.
 * @throws Superseded; AttemptOutdated
 */
export function readEntered(attempt: Attempt, rows: readonly Rows[]): Entered {
  const row = rows.at(-1)?.[0];
  return (attempt.dry ? row : requireCurrent(attempt, row)) as unknown as Entered;
}

/**
 * The settings of a batch. Its statements come with other keys each time, so a plan for any key would
 * be a bad one for most. Compiling a plan takes longer than a batch.
 */
const settingsOf = (durable: boolean): SQL => sql`set_config('lock_timeout', ${LOCK_TIMEOUT}, true),
  set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)
  ${durable ? sql`` : COMMIT_SOON}`;

/**
 * The COMMIT does not wait for the disk. A crash of the server can lose the batch, and with it, its
 * range: they are in one transaction. The next attempt does it again. What completes the walk waits
 * for the disk, and all batches are on it then.
 */
const COMMIT_SOON = sql`, set_config('synchronous_commit', 'off', true)`;

/** Locks the table's definition, and reads its `version`. For the list of a SELECT. */
export const tableState = (key: Key): SQL =>
  sql`${locked(key.tableName)} as locked, ${versionOf(key)} as version`;

/** The table has another version than the one with which the key was looked up. */
export class TableChanged extends AttemptOutdated {}

/**
 * Checks what {@link tableState} has found, in the transaction of a look-up. What it finds in a table
 * that has the name only for a moment would be taken for what is in the walk's own.
 * @throws TableChanged
 */
export function requireVersion(key: Key, row: Rows[number] | undefined): void {
  if (row?.['version'] === key.version) return;
  throw new TableChanged(`${key.tableName} or its key has changed under the walk`);
}

/** Looks up a walk's key and the table's version while the table is locked against changes. */
export async function describeLocked(tx: Pick<Database, 'execute'>, walked: Walked): Promise<Key> {
  const table = await findTable(tx, walked.table);
  await tx.execute(sql`select ${locked(table.name)}`);
  const key = await describeKey(tx, walked, table);
  const [row] = await tx.execute<{ version: string; same: boolean; labels: boolean }>(
    sql`select ${versionOf(key)} as version, ${isSameTable(key)} as same, ${hasSameLabels(key)} as labels`,
  );
  if (!row?.same) throw new AttemptOutdated(`${table.name} has just been replaced`);
  if (!row.labels) throw labelsChanged(key);
  // Once more: the lock may have waited for a change, and some changes need no lock. What is changed
  // after this was not yet in the version.
  const { guarded } = await findTable(tx, walked.table);
  if (guarded !== key.guarded)
    throw new AttemptOutdated(`row level security of ${table.name} has just been changed`);
  return { ...key, version: row.version };
}

/** Whether the name still refers to this table in the session. */
export const isSameTable = ({ table, tableId }: DescribedKey): SQL =>
  sql`to_regclass(${tableText(table)}) = ${tableId}::oid`;

/**
 * Whether rows may have become hidden since the key was looked up. Where no row level security applied
 * then, only that is asked: to plan what its policies show would take a fifth of a small batch.
 */
export const mayHideRows = ({ tableId, guarded }: DescribedKey): SQL =>
  guarded ? hidesRows(sql`${tableId}::oid`) : sql`row_security_active(${tableId}::oid)`;

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
 * A text that changes with every change of the definition of the table, its key columns, their
 * indexes, the enums that they hold, its children, partitions (not theirs) or whether rows are hidden:
 * each change writes a new version of a row in the catalogs. It also changes when the name refers to
 * another table. It can change for smaller reasons too, so a new
 * text only means that the key has to be looked up again.
 */
function versionOf(key: DescribedKey): SQL<string> {
  const { table, tableId, indexIds, columns } = key;
  const numbers = sql.raw(columns.map(({ number }) => number).join(', '));
  const indexes = sql.join(
    indexIds.map(
      (id) => sql`coalesce((select xmin::text from pg_index where indexrelid = ${id}::oid), '-')`,
    ),
    sql`, `,
  );
  const labels = currentVersion(key);
  return sql<string>`concat_ws(' ',
    coalesce(to_regclass(${tableText(table)})::oid::text, '-'),
    coalesce((select xmin::text from pg_class where oid = ${tableId}::oid), '-'),
    ${indexes},
    ${mayHideRows(key)},
    (select md5(string_agg(inhrelid::text, ' ' order by inhrelid)) from pg_inherits
      where inhparent = ${tableId}::oid),
    (select string_agg(xmin::text, ' ' order by attnum) from pg_attribute
      where attrelid = ${tableId}::oid and attnum in (${numbers}))${labels ? sql`, ${labels}` : sql``})`;
}
