import { sql } from 'drizzle-orm';
import type { Database } from '../database';
import { SCHEMA } from '../schema';
import { OperationRefused } from './operationRefused';

/** What a database has of ours, and what this role may see of it. */
export interface Installation {
  readonly database: string;
  readonly role: string;
  readonly schema: boolean;
  /** Tables of ours, whether we may read them or not. */
  readonly tables: readonly string[];
  /** May look into the schema. */
  readonly usage: boolean;
  /** Tables that this role may not read. */
  readonly unreadable: readonly string[];
  /** Tables whose rows a policy may hide from this role. */
  readonly hidden: readonly string[];
}

/**
 * Whether our tables are there. Where they aren't, it is a fresh install, or the wrong database:
 * `where` names it.
 * @throws OperationRefused where they are, and this role can't see all of them: that is no fresh install
 */
export async function isInstalled(
  db: Database,
): Promise<{ readonly installed: boolean; readonly where: string }> {
  const found = await readInstallation(db);
  if (found.tables.length === 0) return { installed: false, where: found.database };
  const problem = unreadable(found);
  if (problem) throw new OperationRefused(problem);
  return { installed: true, where: found.database };
}

/** Why this role can't see all rows of ours, and what to type; undefined when it can. */
export function unreadable({ database, role, usage, unreadable, hidden }: Installation) {
  if (!usage) {
    return `our tables are in ${database}, and role ${role} may not look into their schema: GRANT USAGE ON SCHEMA ${SCHEMA} TO "${role}"`;
  }
  if (unreadable.length > 0) {
    return `role ${role} may not read ${unreadable.join(', ')} in ${database}: GRANT SELECT ON ALL TABLES IN SCHEMA ${SCHEMA} TO "${role}"`;
  }
  if (hidden.length > 0) {
    return `a row security policy may hide rows of ${hidden.join(', ')} from role ${role}: ALTER ROLE "${role}" BYPASSRLS, or disable row security on these tables`;
  }
  return undefined;
}

/** From the catalog alone: to_regclass() fails without the right to the schema. */
export async function readInstallation(db: Database): Promise<Installation> {
  const [row] = await db.execute<Record<keyof Installation, unknown>>(sql`
    with own as (
      select c.oid, c.relname from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${SCHEMA} and c.relkind in ('r', 'p', 'v', 'f'))
    select
      current_database() as database,
      current_user as role,
      n.oid is not null as schema,
      coalesce(has_schema_privilege(n.oid, 'usage'), false) as usage,
      array(select relname::text from own order by 1) as tables,
      array(select relname::text from own where not has_table_privilege(oid, 'select') order by 1) as unreadable,
      array(select relname::text from own where row_security_active(oid) order by 1) as hidden
    from (select) as always left join pg_catalog.pg_namespace n on n.nspname = ${SCHEMA}`);
  if (!row) throw new Error('a SELECT returned no row');
  return row as unknown as Installation;
}
