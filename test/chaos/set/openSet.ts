import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { applyMigrations } from '../../../drizzle/migrator/migrate';
import { cleanEnvironment } from '../../support/environment';
import { runLrm } from '../../support/lrm';
import type { ChaosSet } from '../chaosSet';
import { installLedger } from '../ledger/ledger';
import type { TimelineFile } from '../timeline/timelineFile';
import { openPostgresWire } from '../wire/openPostgresWire';
import { openWire } from '../wire/tcpWire';
import { createJobs } from '../workload/jobFiles';
import { type OwnPostgresSet, startPostgresSet } from './postgresSet';
import { type OwnTemporalSet, startTemporalSet } from './temporalSet';
import { createWorkerSlot, type OwnWorkerSlot } from './workerSlot';

/** The set, and what only the run itself needs of it. */
export interface OwnChaosSet extends ChaosSet {
  readonly timeline: TimelineFile;
  readonly postgres: OwnPostgresSet;
  readonly temporal: OwnTemporalSet;
  readonly workers: readonly OwnWorkerSlot[];
  /** TMPDIR of the workers, and of nobody else. */
  readonly temporary: string;
  /** Ends everything that was started, at once. */
  end(): Promise<void>;
}

const HEARTBEAT_TIMEOUT = 5_000;

/** Of workers and `lrm`: short, so that a short run meets every limit. */
const SETTINGS = {
  LRM_HEARTBEAT_TIMEOUT: `${HEARTBEAT_TIMEOUT} ms`,
  LRM_RETRY_INITIAL_INTERVAL: '100 ms',
  LRM_RETRY_MAXIMUM_INTERVAL: '2 seconds',
  LRM_INTERVAL: '5 seconds',
  LRM_STOP_GRACE: '3 seconds',
  LRM_MAX_CONCURRENT: '4',
  LRM_LOG_FORMAT: 'json',
};

/**
 * Starts the servers, makes our tables and the schedule, and starts three workers.
 * @param script runs the workers of another build. Default: this one
 */
export async function openSet(
  timeline: TimelineFile,
  folder: string,
  script?: string,
): Promise<OwnChaosSet> {
  const atEnd: (() => Promise<void>)[] = [];
  const end = async () => {
    for (const each of atEnd.splice(0).reverse()) await each().catch(console.error);
  };
  try {
    const jobs = path.join(folder, 'jobs');
    const temporary = path.join(folder, 'tmp');
    mkdirSync(temporary);
    createJobs(jobs);
    const [postgres, temporal] = await Promise.all([
      startPostgresSet(folder, timeline).then((started) => {
        atEnd.push(started.end);
        return started;
      }),
      startTemporalSet(folder, () => schedule()).then((started) => {
        atEnd.push(started.end);
        return started;
      }),
    ]);
    await applyMigrations(postgres.appUrl(), 'sql');
    await postgres.sql`truncate long_running_migrations.migrations cascade`;
    await postgres.sql`create schema app authorization app`;
    await installLedger(postgres.sql);

    const env = (databaseUrl: string, temporalAddress: string, extra: NodeJS.ProcessEnv = {}) =>
      cleanEnvironment({
        ...SETTINGS,
        LRM_JOBS_DIR: jobs,
        DATABASE_URL: databaseUrl,
        TEMPORAL_ADDRESS: temporalAddress,
        ...extra,
      });
    const lrm = async (operator: 1 | 2, ...args: string[]) => {
      const result = await runLrm(env(postgres.appUrl(), temporal.address), args);
      const printed = `operator ${operator}: lrm ${args.join(' ')}: ${result.code}`;
      appendFileSync(path.join(folder, 'lrm.log'), `${printed}\n${result.stdout}${result.stderr}`);
      return result;
    };
    const schedule = async () => {
      const { code, stdout, stderr } = await lrm(1, 'schedule');
      if (code !== 0) throw new Error(`lrm schedule: ${stdout}${stderr}`);
    };
    await schedule();

    const workers: OwnWorkerSlot[] = [];
    for (const number of [1, 2, 3]) {
      const wires = {
        postgres: await openPostgresWire(postgres.address),
        temporal: await openWire(temporal.address),
      };
      postgres.onPromotion((address) => wires.postgres.retarget(address));
      const slot = createWorkerSlot({
        number,
        ...wires,
        folder,
        timeline,
        script,
        env: () =>
          env(postgres.appUrl(wires.postgres.address), wires.temporal.address, {
            TMPDIR: temporary,
          }),
      });
      atEnd.push(async () => {
        await slot.end(false);
        await Promise.all([wires.postgres.close(), wires.temporal.close()]);
      });
      workers.push(slot);
    }
    await Promise.all(workers.map((slot) => slot.start()));
    return {
      folder,
      timeline,
      postgres,
      temporal,
      workers,
      heartbeatTimeout: HEARTBEAT_TIMEOUT,
      jobs,
      temporary,
      stops: [],
      lrm,
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}
