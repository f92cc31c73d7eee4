import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { built } from '../../../settings/projectFolder';
import { endsWithParent } from '../../../worker/local/postgres/unprivileged';
import { isRunning, jobProcessesOf } from '../../support/processes';
import { waitFor } from '../../support/waitFor';
import type { WorkerSlot } from '../chaosSet';
import type { Timeline } from '../timeline/timeline';
import type { PostgresWire } from '../wire/postgresWire';
import type { Wire } from '../wire/wire';

/** A signal that a slot has sent. */
export interface SentSignal {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly pid: number;
  readonly signal: NodeJS.Signals;
}

/** A process that was in a slot. */
export interface Life {
  readonly pid: number;
  readonly worker: number;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Undefined: it runs. */
  upto: number | undefined;
}

/** A slot, and what only the set itself needs of it. */
export interface OwnWorkerSlot extends WorkerSlot {
  /** All that kill() has sent. */
  readonly signals: readonly SentSignal[];
  /** All processes that were in it. */
  readonly lives: readonly Life[];
  /** @param gently false: kills it and its job processes */
  end(gently: boolean): Promise<void>;
}

/** What a slot is made of. */
export interface SlotParts {
  readonly number: number;
  readonly postgres: PostgresWire;
  readonly temporal: Wire;
  /** Its log goes to `worker-<number>.log` there. */
  readonly folder: string;
  readonly timeline: Timeline;
  env(): NodeJS.ProcessEnv;
  /** Default: that of this build. */
  readonly script?: string | undefined;
}

/**
 * Makes a place for a worker. As in production, something starts it again when it has ended by
 * itself; a fault that ends it starts it, too.
 */
export function createWorkerSlot(parts: SlotParts): OwnWorkerSlot {
  const { number, folder, timeline } = parts;
  const lane = `worker ${number}`;
  const log = path.join(folder, `worker-${number}.log`);
  const extraEnv: NodeJS.ProcessEnv = {};
  const signals: SentSignal[] = [];
  const lives: Life[] = [];
  let child: ChildProcess | undefined;
  let ready: Promise<void> | undefined;
  let meant = false;
  let closing = false;

  const launch = async () => {
    const file = openSync(log, 'a');
    const from = statSync(log).size;
    const [command = '', ...args] = endsWithParent([
      process.execPath,
      slot.script ?? parts.script ?? built('workerMain.js'),
    ]);
    meant = false;
    const started = spawn(command, args, {
      env: { ...parts.env(), ...extraEnv },
      stdio: ['ignore', file, file],
    });
    closeSync(file);
    child = started;
    const life: Life = { pid: started.pid ?? 0, worker: number, from: Date.now(), upto: undefined };
    lives.push(life);
    started.once('exit', (code, signal) => {
      life.upto = Date.now();
      if (child === started) child = undefined;
      ready = undefined;
      timeline.event(lane, `process ${started.pid} has ended: ${signal ?? code}`);
      if (!meant && !closing) void startAgain();
    });
    await waitFor(
      `${lane} to be ready (${log})`,
      () => {
        if (child !== started) throw new Error(`${lane} ended before it was ready: ${log}`);
        return textFrom(log, from).includes('"worker ready"');
      },
      READY_WITHIN,
    );
    timeline.event(lane, `process ${started.pid} is ready`);
  };
  const startAgain = async () => {
    await sleep(1_000);
    if (closing || meant) return;
    timeline.event(lane, 'is started again: it had ended by itself');
    await slot.start().catch((error: Error) => timeline.event(lane, error.message));
  };

  const slot: OwnWorkerSlot = {
    number,
    postgres: parts.postgres,
    temporal: parts.temporal,
    extraEnv,
    signals,
    lives,
    script: undefined,
    get pid() {
      return child?.pid;
    },
    printed: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
    jobPids: () => (child?.pid === undefined ? [] : jobProcessesOf(child.pid)),
    start: () => {
      ready ??= launch();
      return ready;
    },
    kill: (signal) => {
      if (child?.pid === undefined) return;
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') meant = true;
      signals.push({ at: Date.now(), pid: child.pid, signal });
      timeline.event(lane, `${signal} to process ${child.pid}`);
      child.kill(signal);
    },
    ended: async () => {
      await waitFor(`${lane} to end`, () => child === undefined, ENDS_WITHIN);
    },
    end: async (gently) => {
      closing = true;
      const jobs = slot.jobPids();
      child?.kill('SIGCONT');
      child?.kill(gently ? 'SIGTERM' : 'SIGKILL');
      await slot.ended().catch(() => child?.kill('SIGKILL'));
      for (const pid of jobs) if (!gently && isRunning(pid)) process.kill(pid, 'SIGKILL');
    },
  };
  return slot;
}

/** A log grows to megabytes, so only its new part is read. */
function textFrom(file: string, from: number): string {
  const bytes = Buffer.alloc(statSync(file).size - from);
  const opened = openSync(file, 'r');
  try {
    return bytes.subarray(0, readSync(opened, bytes, 0, bytes.length, from)).toString();
  } finally {
    closeSync(opened);
  }
}

/** Several start at once on a busy machine. Milliseconds. */
const READY_WITHIN = 90_000;

/** More than the time that attempts are given to stop. Milliseconds. */
const ENDS_WITHIN = 60_000;
