import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type Sql } from '../../drizzle/connect';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { type DevServers, startDevServers } from '../../worker/local/devServers';
import { findTemporalCli } from '../../worker/local/temporal/temporalCli';

/** The servers of a benchmark, which are removed at its end. */
export interface Bench {
  readonly databaseUrl: string;
  /** Undefined when no part needs Temporal. */
  readonly temporalAddress: string | undefined;
  readonly sql: Sql;
  /** The process that has started the servers. */
  readonly serversPid: number;
  stop(): Promise<void>;
}

/**
 * Memory (a quarter of the machine's) and WAL as on a production server, so that the result does
 * not depend on the cache or on which contestant meets a checkpoint. Durability is Postgres's
 * default: fsync and full pages.
 */
const SETTINGS = {
  shared_buffers: '6GB',
  max_wal_size: '20GB',
  checkpoint_timeout: '1h',
  max_connections: '100',
};

export async function startBench(withTemporal: boolean): Promise<Bench> {
  const servers: DevServers = await startDevServers({
    folder: mkdtempSync(path.join(tmpdir(), 'lrm-bench-')),
    temporary: true,
    fresh: false,
    postgres: { settings: SETTINGS },
    temporal: withTemporal
      ? {
          cli: await findTemporalCli(process.env, console.log),
          uiPort: null,
          persistent: false,
          namespaces: [],
        }
      : null,
  });
  const { databaseUrl, temporalAddress } = servers.endpoints;
  if (!databaseUrl) throw new Error('the embedded Postgres gave no address');
  await applyMigrations(databaseUrl, 'sql');
  const sql = connect(databaseUrl, { applicationName: 'bench' });
  const stop = async () => {
    await sql.end({ timeout: 5 });
    await servers.stop();
  };
  return { databaseUrl, temporalAddress, sql, serversPid: servers.pid, stop };
}
