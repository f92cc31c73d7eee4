import type { Client } from '@temporalio/client';
import type { Sql } from '../drizzle/connect';
import { refuseSharedSessions } from '../drizzle/connection/pooler';
import { type Database, database } from '../drizzle/database';
import { readSettings, type Settings } from '../settings/settings';
import { openSql } from './openSql';
import { connectTemporal } from './temporal/connection';

/** What a command works with. Each connection opens at its first use. */
export interface Connections {
  readonly settings: Settings;
  readonly sql: Sql;
  readonly db: Database;
  /** @throws TemporalUnreachable, TemporalRefused within some seconds */
  temporal(): Promise<Client>;
}

/**
 * Calls `body` with its connections, and closes them afterwards.
 * @throws OperationRefused when a pooler shares sessions: ours have limits, which the application's
 *   next transaction would have
 */
export async function withConnections<T>(
  body: (connections: Connections) => Promise<T>,
): Promise<T> {
  return withAnyConnections(async (connections) => {
    const { databaseUrl } = connections.settings;
    await refuseSharedSessions(databaseUrl, { applicationName: 'lrm' });
    return body(connections);
  });
}

/** The same for what does nothing in the database, or reports on a pooler itself. */
export async function withAnyConnections<T>(
  body: (connections: Connections) => Promise<T>,
): Promise<T> {
  const settings = readSettings();
  const sql = openSql(settings.databaseUrl);
  let temporal: Promise<Client> | undefined;
  try {
    return await body({
      settings,
      sql,
      db: database(sql, settings.databases),
      temporal: () => {
        temporal ??= connectTemporal(settings);
        return temporal;
      },
    });
  } finally {
    const client = await temporal?.catch(() => undefined);
    await Promise.all([sql.end({ timeout: 1 }), client?.connection.close()]);
  }
}
