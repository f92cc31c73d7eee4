import { sql } from 'drizzle-orm';
import type { Database } from '../database';
import { SCHEMA } from '../schema';
import { OperationRefused } from './operationRefused';
import { INBOX } from './registrations';

/** Which of our tables a database has, and which of them this role can read. */
export interface Installation {
  readonly database: string;
  readonly role: string;
  readonly schema: boolean;
  /** Our tables, including those that this role can't read. */
  readonly tables: readonly string[];
  /** Whether this role has USAGE on the schema. */
  readonly usage: boolean;
  /** Tables that this role can't read. */
  readonly unreadable: readonly string[];
  /** Tables whose rows a policy may hide from this role. */
  readonly hidden: readonly string[];
}

/** Whether our tables are there. The application itself may have created `registrations`. */
export const hasTables = ({ tables }: Installation): boolean =>
  tables.some((name) => name !== INBOX);

/**
 * Says whether the database has our tables. If not, it is the wrong database, which `where` names,
 * or a fresh install, unless something waits in `registrations`.
 * @throws OperationRefused when it has our tables, but this role can't see all of their rows
 */
export async function isInstalled(
  db: Database,
): Promise<{ readonly installed: boolean; readonly where: string }> {
  const found = await readInstallation(db);
  const problem = found.tables.length > 0 ? unreadable(found) : undefined;
  if (problem) throw new OperationRefused(problem);
  return { installed: hasTables(found), where: found.database };
}

/** Says why this role can't see all of our rows, and what to type; undefined when it can. */
export function unreadable({ database, role, usage, unreadable, hidden }: Installation) {
  if (!usage) {
    return `our tables are in ${database}, but role ${role} has no access to their schema: GRANT USAGE ON SCHEMA ${SCHEMA} TO "${role}"`;
  }
  if (unreadable.length > 0) {
    return `role ${role} can't read ${unreadable.join(', ')} in ${database}: GRANT SELECT ON ALL TABLES IN SCHEMA ${SCHEMA} TO "${role}"`;
  }
  if (hidden.length > 0) {
    return `a row security policy may hide rows of ${hidden.join(', ')} from role ${role}: ALTER ROLE "${role}" BYPASSRLS, or disable row security on these tables`;
  }
  return undefined;
}

/** Reads only the catalog, because to_regclass() fails without USAGE on the schema. */
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
