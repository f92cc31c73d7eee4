import type { Sql } from '../../drizzle/connect';
import { explainUnappliable, unappliedEntries } from '../../drizzle/migrator/unapplied';
import {
  hasTables,
  type Installation,
  readInstallation,
  unreadable,
} from '../../drizzle/rows/installed';
import { INBOX } from '../../drizzle/rows/registrations';
import { SCHEMA } from '../../drizzle/schema';
import { type Finding, failed, ok, warning } from './finding';

/** Older versions can't end the session of a client that is gone. */
const OLDEST_VERSION = 140_000;

/**
 * Checks the server, the role's rights to our tables, and that they are as new as this code needs.
 * @throws whatever connecting to the database throws
 */
export async function checkServerAndTables(sql: Sql): Promise<Finding[]> {
  const [server] = await sql<{ version: string; number: number; readonly: boolean }[]>`
    select current_setting('server_version') as version,
      current_setting('server_version_num')::int as number,
      pg_is_in_recovery() or current_setting('transaction_read_only')::bool as readonly`;
  const found = await readInstallation(sql);
  const message = `PostgreSQL ${server?.version}, database ${found.database}, role ${found.role}`;
  const findings = [
    server?.readonly
      ? failed('database', `${message}: read-only`, 'set DATABASE_URL to the primary')
      : (server?.number ?? 0) < OLDEST_VERSION
        ? warning(
            'database',
            message,
            'use PostgreSQL 14 or later: it ends sessions of dead clients',
          )
        : ok('database', message),
  ];
  return [...findings, ...(await checkTables(sql, found))];
}

async function checkTables(sql: Sql, found: Installation): Promise<Finding[]> {
  if (!hasTables(found)) {
    return [
      failed('tables', `database ${found.database} has none of our tables`, 'npx lrm migrate'),
    ];
  }
  const problem = unreadable(found) ?? (await unwritable(sql, found.role));
  if (problem) return [failed('rights', problem, null)];
  const rights = ok('rights', `role ${found.role} may read and write our tables`);
  const entries = await unappliedEntries(sql);
  const broken = explainUnappliable('sql', entries);
  if (broken) return [rights, failed('tables', broken, null)];
  if (entries.length > 0) {
    const missing = entries.map(({ entry }) => entry.tag).join(', ');
    return [rights, failed('tables', `not applied yet: ${missing}`, 'npx lrm migrate')];
  }
  return [rights, ok('tables', `schema ${SCHEMA} is up to date`)];
}

/** Says which of our tables this role may not write, and what to type; undefined when none. */
export async function unwritable(sql: Sql, role: string): Promise<string | undefined> {
  const tables = await sql<{ name: string }[]>`
    select c.relname as name from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${SCHEMA} and c.relkind in ('r', 'p')
      and c.relname not like '%schema\_migrations' and c.relname <> ${INBOX}
      and not (has_table_privilege(c.oid, 'insert') and has_table_privilege(c.oid, 'update')
        and has_table_privilege(c.oid, 'delete'))
    order by 1`;
  if (tables.length === 0) return undefined;
  const names = tables.map(({ name }) => name).join(', ');
  return `role ${role} may not write ${names}: GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${SCHEMA} TO "${role}"`;
}
