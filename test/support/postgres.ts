import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { startDevServers } from '../../worker/local/devServers';

/** A Postgres server for one test file, for tests that stop or crash it. */
export interface TestPostgres {
  /** A database with our tables. */
  readonly url: string;
  /** The process that watches over the server. */
  readonly pid: number;
  /** Crashes it (`pg_ctl stop -m immediate`) and waits until it has recovered. Same address. */
  restartImmediate(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a server, in about a second. It is stopped and removed after the file.
 * @param settings of the server, besides our own
 */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<TestPostgres> {
  const servers = await startDevServers({
    folder: mkdtempSync(path.join(tmpdir(), 'lrm-test-')),
    temporary: true,
    fresh: false,
    // Tests crash only the server, not the machine, and commits survive that without fsync.
    postgres: { settings: { fsync: 'off', ...settings } },
    temporal: null,
  });
  const url = servers.endpoints.databaseUrl;
  if (!url) throw new Error('the embedded Postgres gave no address');
  started.push(servers.stop);
  await applyMigrations(url, 'sql');
  return { url, pid: servers.pid, restartImmediate: servers.crashPostgres, stop: servers.stop };
}

const started: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(started.map((stop) => stop()));
});
