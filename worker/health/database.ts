import type { Sql } from '../../drizzle/connect';
import { explainUnappliable, unappliedEntries } from '../../drizzle/migrator/unapplied';
import type { Part } from '../../drizzle/rights/rights';
import {
  hasTables,
  type Installation,
  readInstallation,
  unreadable,
} from '../../drizzle/rows/installed';
import { SCHEMA } from '../../drizzle/schema';
import { type Finding, failed, ok, warning } from './finding';
import { checkRights } from './rights';

/** Older versions can't end the session of a client that is gone. */
const OLDEST_VERSION = 140_000;

/**
 * Checks the server, the role's rights to our tables, and that they are as new as this code needs.
 * @param parts the role must have the rights of one of them
 * @throws whatever connecting to the database throws
 */
export async function checkServerAndTables(sql: Sql, parts: readonly Part[]): Promise<Finding[]> {
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
  return [...findings, ...(await checkTables(sql, found, parts))];
}

async function checkTables(
  sql: Sql,
  found: Installation,
  parts: readonly Part[],
): Promise<Finding[]> {
  if (!hasTables(found)) {
    return [
      failed('tables', `database ${found.database} has none of our tables`, 'npx lrm migrate'),
    ];
  }
  const problem = unreadable(found);
  if (problem) return [failed('rights', problem, null)];
  const rights = await checkRights(sql, parts);
  if (rights.state === 'failed') return [rights];
  const entries = await unappliedEntries(sql);
  const broken = explainUnappliable('sql', entries);
  if (broken) return [rights, failed('tables', broken, null)];
  if (entries.length > 0) {
    const missing = entries.map(({ entry }) => entry.tag).join(', ');
    return [rights, failed('tables', `not applied yet: ${missing}`, 'npx lrm migrate')];
  }
  return [rights, ok('tables', `schema ${SCHEMA} is up to date`)];
}
