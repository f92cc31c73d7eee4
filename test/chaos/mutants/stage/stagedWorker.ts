import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { jobProcessesOf } from '../../../support/processes';
import { ready, spawnWorker, type TestWorker } from '../../../support/workerProcess';
import type { WorkerLife } from '../../checks/index';
import { signalAll } from '../../faults/support/processes';
import { openPostgresWire } from '../../wire/openPostgresWire';
import type { PostgresWire } from '../../wire/postgresWire';
import { openWire } from '../../wire/tcpWire';
import type { Wire } from '../../wire/wire';

/** A worker of the build that is tried, behind wires of its own. */
export interface StagedWorker {
  readonly number: number;
  readonly postgres: PostgresWire;
  readonly temporal: Wire;
  readonly pid: number;
  /** Of its job processes, spare ones included. */
  jobPids(): number[];
  /** Sends a signal to the worker alone. */
  kill(signal: NodeJS.Signals): void;
  /** Kills it, and starts another process in its place. */
  restart(): Promise<void>;
  /** Mends its wires, stops it, and writes its log. Further calls do nothing. */
  end(): Promise<void>;
  /** Each process that has run. */
  readonly lives: readonly WorkerLife[];
}

export interface WorkerParts {
  readonly number: number;
  /** 'host:port' of the servers. */
  readonly postgres: string;
  readonly temporal: string;
  /** Its log goes to `worker-<number>.log` there. */
  readonly folder: string;
  readonly script: string;
  /** Its environment, with these addresses of servers. */
  env(postgres: string, temporal: string): NodeJS.ProcessEnv;
}

/** A worker that does not stop by then has to be killed. Milliseconds. */
const STOPS_WITHIN = 20_000;
/** Several things run at once on a slow machine. Milliseconds. */
const READY_WITHIN = 90_000;

/**
 * Starts a worker and waits until it polls.
 * @throws Error with its log when it ends instead
 */
export async function startStagedWorker(parts: WorkerParts): Promise<StagedWorker> {
  const { number, folder, script } = parts;
  const postgres = await openPostgresWire(parts.postgres);
  const temporal = await openWire(parts.temporal);
  const env = parts.env(postgres.address, temporal.address);
  const lives: { pid: number; worker: number; from: number; upto?: number }[] = [];
  const printed: string[] = [];
  let process: TestWorker;

  const start = async () => {
    process = spawnWorker(env, script);
    const life: (typeof lives)[number] = { pid: process.pid, worker: number, from: Date.now() };
    lives.push(life);
    const { exited, printed: read } = process;
    void exited.then(() => {
      life.upto = Date.now();
      printed.push(read());
    });
    await ready(process, READY_WITHIN);
  };
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= endIt();
    return ended;
  };
  const endIt = async () => {
    postgres.mend();
    temporal.mend();
    const jobs = jobProcessesOf(process.pid);
    signalAll(jobs, 'SIGCONT');
    process.kill('SIGCONT');
    const timer = setTimeout(() => process.kill('SIGKILL'), STOPS_WITHIN);
    await process.stop();
    clearTimeout(timer);
    signalAll(jobs, 'SIGKILL');
    writeFileSync(path.join(folder, `worker-${number}.log`), printed.join(''));
    await Promise.all([postgres.close(), temporal.close()]);
  };
  try {
    await start();
  } catch (error) {
    await end();
    throw error;
  }
  return {
    number,
    postgres,
    temporal,
    lives,
    get pid() {
      return process.pid;
    },
    jobPids: () => jobProcessesOf(process.pid),
    kill: (signal) => process.kill(signal),
    restart: async () => {
      process.kill('SIGKILL');
      await process.exited;
      await start();
    },
    end,
  };
}
