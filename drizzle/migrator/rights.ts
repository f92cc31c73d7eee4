import type { Sql } from '../connect';
import { OperationRefused } from '../rows/operationRefused';
import { SCHEMA } from '../schema';

/** What the role may do, as far as `lrm migrate` needs it. */
interface Rights {
  readonly role: string;
  readonly database: string;
  /** Null: there is no schema yet. */
  readonly schema_owner: string | null;
  readonly may_create_schema: boolean;
  readonly may_use_schema: boolean;
  /** Null: there is no table `registrations` yet. */
  readonly inbox_owner: string | null;
  readonly may_use_inbox: boolean;
}

/**
 * The schema and the table `registrations` may belong to another role, because the application's
 * own migrations create them if they run first.
 * @throws OperationRefused with the rights that this role lacks, and who can grant them
 */
export async function requireRights(sql: Sql): Promise<void> {
  const problem = lackingRight(await readRights(sql));
  if (problem) throw new OperationRefused(problem);
}

function lackingRight(rights: Rights): string | undefined {
  const { role, database, schema_owner, inbox_owner } = rights;
  const to = `TO "${role}"`;
  if (schema_owner === null) {
    return rights.may_create_schema
      ? undefined
      : `role ${role} may not create schema ${SCHEMA} in database ${database}: as its owner, run ` +
          `CREATE SCHEMA ${SCHEMA} AUTHORIZATION "${role}"`;
  }
  const grants = [
    ...(rights.may_use_schema ? [] : [`GRANT USAGE, CREATE ON SCHEMA ${SCHEMA} ${to}`]),
    ...(rights.may_use_inbox
      ? []
      : [`GRANT SELECT, DELETE, TRIGGER ON ${SCHEMA}.registrations ${to}`]),
  ];
  if (grants.length === 0) return undefined;
  const owner = rights.may_use_schema ? inbox_owner : schema_owner;
  return (
    `role ${role} may not put our tables into schema ${SCHEMA} of database ${database}: as role ` +
    `${owner}, run ${grants.join('; ')}`
  );
}

/** Reads only the catalog: all of it is visible to every role. */
async function readRights(sql: Sql): Promise<Rights> {
  const [rights] = await sql<Rights[]>`
    select current_user as role, current_database() as database,
      pg_get_userbyid(n.nspowner) as schema_owner,
      has_database_privilege(current_database(), 'create') as may_create_schema,
      coalesce(has_schema_privilege(n.oid, 'usage') and has_schema_privilege(n.oid, 'create'), false)
        as may_use_schema,
      pg_get_userbyid(c.relowner) as inbox_owner,
      c.oid is null or (has_table_privilege(c.oid, 'select') and has_table_privilege(c.oid, 'delete')
        and has_table_privilege(c.oid, 'trigger')) as may_use_inbox
    from (select) as always
    left join pg_catalog.pg_namespace n on n.nspname = ${SCHEMA}
    left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = 'registrations'`;
  if (!rights) throw new Error('a SELECT returned no row');
  return rights;
}
