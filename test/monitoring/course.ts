import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Sql } from '../../drizzle/connect';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { startDevServers } from '../../worker/local/devServers';
import { findTemporalCli } from '../../worker/local/temporal/temporalCli';
import { prepareLoad, startLoad } from '../bench/load/load';
import { makeUsers, renewUsers } from '../bench/users';
import { startRun } from '../bench/workers';
import { cleanEnvironment } from '../support/environment';
import { freeAddress } from '../support/freeAddress';
import { createJobsFolder } from '../support/jobsFolder';
import { ready, spawnWorker } from '../support/workerProcess';
import { NAMES, writeJobs } from './jobs';
import { Prometheus } from './prometheus';

/** What is looked at when all has happened, while everything still runs. */
export interface Happened {
  readonly prometheus: Prometheus;
  readonly sql: Sql;
  /** Addresses of workers' pages. The first worker was replaced by the last. */
  readonly pages: readonly string[];
  /** Unix times. */
  readonly from: number;
  readonly to: number;
}

const USERS = 3_000_000;
const ORDERS = 20_000;
/** Transactions a second of the application, in the middle of the course. */
const PER_SECOND = 150;

/**
 * Lets migrations run on real servers: some alone, some beside an application, one that fails, one
 * that is retried, one that waits, and one whose worker is replaced.
 * @param seconds that it takes, besides making the tables
 */
export async function course<T>(seconds: number, look: (at: Happened) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-monitoring-'));
  const ends: (() => unknown)[] = [];
  try {
    const servers = await startDevServers({
      folder: path.join(folder, 'servers'),
      temporary: true,
      fresh: false,
      postgres: { settings: { shared_buffers: '1GB', max_wal_size: '4GB' } },
      temporal: {
        cli: await findTemporalCli(process.env, console.log),
        uiPort: null,
        persistent: false,
        namespaces: [],
      },
    });
    ends.push(servers.stop);
    const { databaseUrl = '', temporalAddress } = servers.endpoints;
    await applyMigrations(databaseUrl, 'sql');
    const sql = connect(databaseUrl, { applicationName: 'monitoring' });
    ends.push(() => sql.end({ timeout: 5 }));
    const bench = {
      databaseUrl,
      temporalAddress,
      sql,
      serversPid: servers.pid,
      stop: servers.stop,
    };
    await makeTables(sql);
    await prepareLoad(bench);
    const jobs = createJobsFolder();
    ends.push(() => jobs.remove());
    writeJobs(jobs, seconds);
    const pages = [await freeAddress(), await freeAddress(), await freeAddress()];
    const prometheus = await Prometheus.start(path.join(folder, 'prometheus'), pages);
    ends.push(() => prometheus.stop());
    const start = async (page = '') => {
      const worker = spawnWorker(
        cleanEnvironment({
          DATABASE_URL: databaseUrl,
          TEMPORAL_ADDRESS: temporalAddress,
          LRM_JOBS_DIR: jobs.path,
          LRM_METRICS_ADDRESS: page,
          LRM_MAX_CONCURRENT: '3',
        }),
      );
      ends.push(() => worker.stop());
      return ready(worker);
    };
    const first = await start(pages[0]);
    await start(pages[1]);
    for (const name of NAMES) {
      await sql`insert into long_running_migrations.migrations (name) values (${name})`;
    }
    await startRun(bench);
    const from = Date.now() / 1_000;
    const third = (seconds * 1_000) / 3;
    await sleep(third);
    const load = await startLoad(bench, USERS, 8, [{ ms: third, perSecond: PER_SECOND }]);
    await sleep(third / 2);
    await first.stop();
    await start(pages[2]);
    await load.stop();
    await sleep(third);
    return await look({ prometheus, sql, pages, from, to: Date.now() / 1_000 });
  } finally {
    for (const end of ends.reverse()) await end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeTables(sql: Sql): Promise<void> {
  await makeUsers(sql, USERS);
  await renewUsers(sql);
  await sql.unsafe(`
    create table orders (id int primary key, price text, cents int);
    insert into orders select i, case when i % 3000 = 0 then 'free' else i || '.50' end
      from generate_series(1, ${ORDERS}) i;
    analyze orders`);
}
