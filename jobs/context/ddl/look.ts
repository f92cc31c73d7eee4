import { type SQL, sql } from 'drizzle-orm';
import { type Attempt, fencedTransaction, type Transaction } from '../attempt';
import { JobUsageError } from '../jobUsageError';
import { tableText } from '../names';
import { LOCK_TIMEOUT } from '../step/step';
import type { WantedIndex } from './definition';
import { type IndexedTable, SIGNATURE, wantedSignature } from './signature';
import { TableInUse } from './tableInUse';

/** What there is of a wanted index. */
export interface Found {
  readonly table: IndexedTable;
  /** True: the index is there, and valid. */
  readonly done: boolean;
  /** Names of what is left of builds that did not end. They are in the table's schema. */
  readonly leftovers: readonly string[];
}

/**
 * Looks for the index. What is left of a build that failed gets a name that only we give, so that
 * nobody else's index can be taken for it when it is dropped.
 *
 * All of it happens under the lock that a build holds to its end. So an index that is not valid is
 * not one that somebody builds at the moment.
 * @throws JobUsageError when the name belongs to something else, or the table can't have the index
 */
export function look(attempt: Attempt, wanted: WantedIndex): Promise<Found> {
  return fencedTransaction(attempt, async (tx) => {
    await tx.execute(sql`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`);
    const table = await findTable(tx, wanted);
    await lock(tx, table);
    const signature = await wantedSignature(tx, wanted, table);
    const found = await findIndex(tx, wanted, table);
    if (found) requireSame(wanted, table, found, signature);
    if (found && !found.valid) await markLeftover(tx, wanted, table, found);
    const leftovers = await findLeftovers(tx, table);
    const done = found?.valid === true;
    if (!done) await requireEmpty(attempt, tx, table);
    return { table, done, leftovers };
  });
}

/** With its schema, in quotes. */
export const qualified = (table: Pick<IndexedTable, 'schema'>, name: string): SQL =>
  sql`${sql.identifier(table.schema)}.${sql.identifier(name)}`;

async function findTable(tx: Transaction, { name, table }: WantedIndex): Promise<IndexedTable> {
  const text = tableText(table);
  const [found] = await tx.execute<IndexedTable & Record<string, unknown>>(sql`
    select c.oid::text as id, n.oid::text as "schemaId", n.nspname as schema, c.relname as name,
      c.relkind as kind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.oid = to_regclass(${text}::text)`);
  if (!found) throw new JobUsageError(`index ${name}: there is no table ${text}`);
  if (found.kind === 'p') {
    throw new JobUsageError(
      `index ${name}: ${text} is partitioned, and Postgres can't build its index concurrently; ` +
        `type CREATE INDEX … ON ONLY ${text}, build one on each partition, and attach those`,
    );
  }
  if (found.kind === 'r' || found.kind === 'm') return found;
  throw new JobUsageError(`index ${name}: ${text} is not a table or a materialized view`);
}

/** LOCK knows no materialized views. Of those, a build is noticed by its lock. */
async function lock(tx: Transaction, { id, schema, name, kind }: IndexedTable): Promise<void> {
  if (kind === 'r') {
    await tx.execute(
      sql`lock table only ${qualified({ schema }, name)} in share update exclusive mode`,
    );
    return;
  }
  const [builder] = await tx.execute<{ pid: number }>(sql`
    select pid from pg_locks where relation = ${id}::oid and granted and pid <> pg_backend_pid()
      and database = (select oid from pg_database where datname = current_database())
      and mode in ('ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`);
  if (builder) throw new TableInUse(`${schema}.${name} is locked by session ${builder.pid}`);
}

interface FoundIndex {
  readonly id: string;
  readonly kind: string;
  readonly tableId: string | null;
  readonly valid: boolean | null;
  readonly signature: string | null;
}

async function findIndex(
  tx: Transaction,
  { name }: WantedIndex,
  { schemaId }: IndexedTable,
): Promise<FoundIndex | undefined> {
  const [found] = await tx.execute<FoundIndex & Record<string, unknown>>(sql`
    select c.oid::text as id, c.relkind as kind, i.indrelid::text as "tableId",
      i.indisvalid and i.indisready and i.indislive as valid,
      case when i.indexrelid is not null then ${SIGNATURE} end as signature
    from pg_class c left join pg_index i on i.indexrelid = c.oid
    where c.relnamespace = ${schemaId}::oid and c.relname = ${name}`);
  return found;
}

function requireSame(
  { name }: WantedIndex,
  table: IndexedTable,
  found: FoundIndex,
  signature: string,
): void {
  if (found.kind !== 'i' || found.tableId !== table.id) {
    throw new JobUsageError(
      `index ${name}: schema ${table.schema} has something else of that name; give it another name`,
    );
  }
  if (found.signature === signature) return;
  throw new JobUsageError(
    `index ${name} is there already with another definition${found.valid ? '' : ', and is not valid'}: ` +
      `give this one another name, or first type DROP INDEX CONCURRENTLY for the old one`,
  );
}

/** The lock of the new name is kept to the end of the transaction, and the check comes after it. */
async function markLeftover(
  tx: Transaction,
  { name }: WantedIndex,
  table: IndexedTable,
  { id }: FoundIndex,
): Promise<void> {
  const leftover = `${LEFTOVER}${id}`;
  await tx.execute(
    sql`alter index ${qualified(table, name)} rename to ${sql.identifier(leftover)}`,
  );
  await lock(tx, table);
  const [same] = await tx.execute(sql`
    select from pg_class join pg_index on indexrelid = oid
    where oid = ${id}::oid and relname = ${leftover} and not indisvalid`);
  if (!same) throw new TableInUse(`index ${name} has just been replaced`);
}

/** Its own OID follows. Nobody else gives such a name. */
const LEFTOVER = 'lrm_leftover_';

async function findLeftovers(tx: Transaction, { id }: IndexedTable): Promise<string[]> {
  const rows = await tx.execute<{ name: string }>(sql`
    select relname as name from pg_class join pg_index on indexrelid = oid
    where indrelid = ${id}::oid and not indisvalid and relname = ${LEFTOVER} || oid`);
  return rows.map(({ name }) => name);
}

/** An attempt that may do nothing leaves the build to a worker. */
async function requireEmpty(
  attempt: Attempt,
  tx: Transaction,
  { schema, name }: IndexedTable,
): Promise<void> {
  if (!attempt.hasRows) return;
  const rows = await tx.execute(sql`select from ${qualified({ schema }, name)} limit 1`);
  if (rows.length > 0) await attempt.hasRows(`table ${schema}.${name}`);
}
