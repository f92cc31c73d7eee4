import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { built } from '../../settings/projectFolder';
import { endsWithParent } from '../../worker/local/postgres/unprivileged';
import { startOf } from './startOf';
import { waitFor } from './waitFor';

/** A line of the worker's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

/** A worker in its own process, as in production. */
export interface TestWorker {
  readonly pid: number;
  /** Its log so far. A line that is not JSON has only a `msg`. */
  log(): LogLine[];
  /** What it has printed so far, as it is. */
  printed(): string;
  kill(signal: NodeJS.Signals): void;
  /** Sends SIGTERM, waits for the end, and returns the exit code. */
  stop(): Promise<number | null>;
  /** Resolves at its end with its exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** Starts a worker process. `script`: what runs the worker, by default the project's own. */
export function spawnWorker(
  env: NodeJS.ProcessEnv,
  script: string = built('workerMain.js'),
): TestWorker {
  // Workers must not go on when jest is killed.
  const [command = '', ...args] = endsWithParent(startOf(script));
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = ended(child);
  const output = collect(child);
  return {
    pid: child.pid ?? Number.NaN,
    printed: output,
    log: () => output().split('\n').filter(Boolean).map(parseLine),
    kill: (signal) => child.kill(signal),
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
    exited,
  };
}

/**
 * Waits until the worker polls for work.
 * @throws Error with its log when it ends instead
 */
export async function ready(worker: TestWorker, deadline?: number): Promise<TestWorker> {
  let code: number | null | undefined;
  void worker.exited.then((result) => {
    code = result;
  });
  const isReady = () => {
    if (worker.log().some((line) => line.msg === 'worker ready')) return worker;
    if (code === undefined) return undefined;
    throw new Error(`the worker ended with ${code}: ${JSON.stringify(worker.log())}`);
  };
  return waitFor('the worker to be ready', isReady, deadline);
}

/** Milliseconds to wait for output after the exit. Orphaned job processes may keep it open. */
const OUTPUT_WITHIN = 5_000;

/** Waits for the exit and, for a while, for the end of the output. */
async function ended(child: ChildProcess): Promise<number | null> {
  const closed = once(child, 'close');
  const [code] = await once(child, 'exit');
  await Promise.race([closed, sleep(OUTPUT_WITHIN, undefined, { ref: false })]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return code;
}

function collect(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return () => output;
}

function parseLine(line: string): LogLine {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === 'object' && parsed !== null && 'msg' in parsed) return parsed as LogLine;
  } catch {
    // Node's own output, for example; it is kept as it is.
  }
  return { msg: line };
}
