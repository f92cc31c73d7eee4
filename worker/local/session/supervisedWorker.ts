import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { durationText } from '../../../settings/duration';
import { plainText } from '../../../settings/plainText';
import { built } from '../../../settings/projectFolder';
import { endsWithParent } from '../postgres/unprivileged';

/** Wait before the first restart of a worker. Each wait is twice the one before. Milliseconds. */
const RESTART_DELAY = 1_000;
const RESTART_DELAY_MAXIMUM = 30_000;
/** After a worker has run for this time, the waits begin again with the first. Milliseconds. */
const RAN_WELL = 60_000;

/** The worker process. It is restarted as a supervisor does it in production. */
export interface SupervisedWorker {
  /** Sends SIGTERM and waits for the end: running attempts stop at a safe point. */
  stop(): Promise<void>;
  /** Sends SIGKILL: another worker goes on after the heartbeat timeout. */
  kill(): void;
}

/**
 * Starts a worker process and appends its output to `log`. Resolves when it polls.
 * @param note called when it has ended unexpectedly
 * @throws Error with its last message when it ends before it polls
 */
export async function superviseWorker(
  env: NodeJS.ProcessEnv,
  log: string,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<SupervisedWorker> {
  const begin = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
  let child = run(env, log);
  await ready(child, log, begin, signal);
  const stopping = new AbortController();
  const supervision = keepRunning();
  return {
    stop: async () => {
      stopping.abort();
      child.kill('SIGTERM');
      await supervision;
    },
    kill: () => child.kill('SIGKILL'),
  };

  async function keepRunning(): Promise<void> {
    for (let delay = RESTART_DELAY; ; delay = Math.min(2 * delay, RESTART_DELAY_MAXIMUM)) {
      const started = Date.now();
      await ended(child);
      if (stopping.signal.aborted) return;
      if (Date.now() - started > RAN_WELL) delay = RESTART_DELAY;
      note(
        `The worker ended (${how(child)}); starting it again in ${durationText(delay)}. See ${log}`,
      );
      await sleep(delay, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      child = run(env, log);
    }
  }
}

function run(env: NodeJS.ProcessEnv, log: string): ChildProcess {
  const script = built('workerMain.js');
  const [command = '', ...args] = endsWithParent([process.execPath, script]);
  // A file, not a pipe: the worker can still write to it after this process is killed.
  const output = openSync(log, 'a', 0o600);
  // Detached: Ctrl-C in the terminal must reach only npm start, which stops everything in order.
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  return child;
}

async function ready(
  child: ChildProcess,
  log: string,
  begin: number,
  signal: AbortSignal,
): Promise<void> {
  const printed = () => readFileSync(log).subarray(begin).toString();
  while (!printed().includes('"worker ready"')) {
    if (hasEnded(child)) {
      throw new Error(`The worker did not start (${how(child)}): ${lastMessage(printed())}`);
    }
    if (signal.aborted) child.kill('SIGTERM');
    await sleep(50);
  }
}

/** The message of the log's last line, or the whole line if it is not JSON. */
function lastMessage(log: string): string {
  const line = log.trimEnd().split('\n').at(-1) ?? '';
  try {
    return plainText(String((JSON.parse(line) as { msg?: unknown }).msg));
  } catch {
    return plainText(line);
  }
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function ended(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) await once(child, 'exit');
}

const how = (child: ChildProcess) => child.signalCode ?? `exit code ${child.exitCode}`;
