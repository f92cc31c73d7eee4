import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../attempt';

/**
 * Says whether autovacuum works on the table, on one of its partitions or on their TOAST tables, because
 * their oldest rows come near to transaction ID wraparound.
 *
 * What a worker of autovacuum does, only pg_monitor may see. But everybody sees its lock, and that it has
 * no user; and the table's age decides what it does: this is the rule of autovacuum itself.
 */
export async function wraparoundVacuum(db: Database, tableId: string): Promise<string | undefined> {
  const [found] = await db.execute<{ name: string }>(sql`
    with walked as (
      select ${tableId}::oid as id union select relid from pg_partition_tree(${tableId}::oid::regclass)
    ), parts as (
      select c.oid as heap, c.oid as owner from pg_class c join walked on c.oid = id
      union all select c.reltoastrelid, c.oid from pg_class c join walked on c.oid = id
    )
    select format('%I.%I', n.nspname, o.relname) as name
    from parts join pg_class c on c.oid = heap join pg_class o on o.oid = owner
      join pg_namespace n on n.oid = o.relnamespace
    where c.relkind in ('r', 't')
      and (age(c.relfrozenxid) > ${limitOf('autovacuum_freeze_max_age')}
        or mxid_age(c.relminmxid) > ${limitOf('autovacuum_multixact_freeze_max_age')})
      and exists (select from pg_locks l join pg_stat_activity a on a.pid = l.pid
        where l.relation = c.oid and l.mode = 'ShareUpdateExclusiveLock' and l.granted
          and l.database = (select oid from pg_database where datname = current_database())
          and a.usesysid is null)
    limit 1`);
  return found && `autovacuum works on ${found.name} to prevent wraparound`;
}

/** A table's own value counts when it is less than the server's. A TOAST table has its owner's. */
const limitOf = (setting: string): SQL => sql`least(current_setting(${setting})::bigint, coalesce(
  (select option_value::bigint from pg_options_to_table(c.reloptions) where option_name = ${setting}),
  (select option_value::bigint from pg_options_to_table(o.reloptions) where option_name = ${setting})))`;
