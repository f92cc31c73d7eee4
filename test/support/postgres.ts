import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { startDevServers } from '../../worker/local/devServers';

/** A Postgres server of one's own, for tests that take it down. */
export interface TestPostgres {
  /** A database with our tables. */
  readonly url: string;
  /** Of the process that keeps the server. */
  readonly pid: number;
  /** Crashes it (`pg_ctl stop -m immediate`); resolves when it has recovered, at the same address. */
  restartImmediate(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one (about a second); it is stopped and removed after the file at the latest. */
export async function startPostgres(): Promise<TestPostgres> {
  const servers = await startDevServers({
    folder: mkdtempSync(path.join(tmpdir(), 'lrm-test-')),
    temporary: true,
    fresh: false,
    // What was committed survives the crash of the server, which is all that is tested.
    postgres: { settings: { fsync: 'off' } },
    temporal: null,
  });
  const url = servers.endpoints.databaseUrl;
  if (!url) throw new Error('the embedded Postgres told no address');
  started.push(servers.stop);
  await applyMigrations(url, 'sql');
  return { url, pid: servers.pid, restartImmediate: servers.crashPostgres, stop: servers.stop };
}

const started: (() => Promise<void>)[] = [];
afterAll(async () => {
  await Promise.all(started.map((stop) => stop()));
});
