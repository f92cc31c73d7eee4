import type { LimitFunction } from 'p-limit';
import { hashOf } from '../catalog';
import { describeCrash, describeExit } from './crash';
import type { Description } from './describeError';
import { JobProcess } from './jobProcess';
import type { During, FromJobProcess, ReadyInput } from './messages';
import { type LogLine, type Output, printTo } from './output';

/** What became of a call of ready(). */
export type ReadyAnswer =
  /** Null: the job may begin. */
  | { readonly kind: 'answered'; readonly reason: string | null }
  /** It did not answer in time. */
  | { readonly kind: 'silent' }
  | {
      readonly kind: 'failed';
      readonly during: During;
      readonly error: Description;
      /** Only for the log: it may hold row values. */
      readonly detail?: string | undefined;
    };

/** A question, and where what the job logs and prints goes. */
export interface ReadyQuestion extends Omit<ReadyInput, 'task' | 'limitMs'> {
  readonly log: LogLine;
  /** For what a new process prints before that. */
  readonly output: Output;
  /** Aborted: the answer is no longer waited for. */
  readonly signal?: AbortSignal | undefined;
}

/** For loading the job's file, and again for ready(), which only looks. Milliseconds. */
export const ANSWER_WITHIN = 10_000;
const MEMORY_LIMIT_MB = 256;
/** Calls at a time. Most of a call is waiting, and one that hangs must not hold up the others. */
export const AT_ONCE = 4;
let limit: LimitFunction | undefined;

/**
 * Calls a job's ready() in a process that is not an attempt's. A job of many registrations is asked for
 * one after the other in the same process.
 */
export async function askJob(question: ReadyQuestion): Promise<ReadyAnswer> {
  const { default: pLimit } = await import('p-limit');
  limit ??= pLimit(AT_ONCE);
  return limit(async () => {
    const code = `${question.file} ${await hashOf(question.file).catch(() => '')}`;
    const asked = take(code) ?? new AskedProcess(code, question.output);
    return asked.ask(question);
  });
}

/** Processes whose last call was answered. */
const idle = new Set<AskedProcess>();
/** An idle process ends when it isn't asked for this time. Milliseconds. */
const IDLE_AT_MOST = 1_000;

function take(code: string): AskedProcess | undefined {
  const found = [...idle].find((each) => each.code === code);
  if (found) idle.delete(found);
  return found;
}

/** A job process that answers one question after the other. */
class AskedProcess {
  private readonly jobProcess: JobProcess;
  /** Of the last question. */
  private log: LogLine | undefined;
  private listener: ((message: FromJobProcess) => void) | undefined;

  /** @param code the file and its hash: only the same code is asked in the same process */
  constructor(
    readonly code: string,
    output: Output,
  ) {
    this.jobProcess = new JobProcess(MEMORY_LIMIT_MB, output);
    this.jobProcess.onMessage((message) => {
      if (message.type === 'log' && this.log) printTo(this.log, message);
      // A call that has been answered still does something.
      if (this.listener) this.listener(message);
      else this.end();
    });
    void this.jobProcess.ended.then(() => idle.delete(this));
  }

  async ask({ log, output: _, signal, ...question }: ReadyQuestion): Promise<ReadyAnswer> {
    this.log = log;
    let timer: NodeJS.Timeout | undefined;
    let giveUp = () => {};
    const answer = await new Promise<ReadyAnswer>((resolve) => {
      giveUp = () => resolve({ kind: 'silent' });
      signal?.addEventListener('abort', giveUp);
      const startTimer = () => {
        clearTimeout(timer);
        timer = setTimeout(giveUp, ANSWER_WITHIN);
      };
      startTimer();
      this.listener = (message) => {
        if (message.type === 'running') startTimer();
        const known = answerOf(message);
        if (known) resolve(known);
      };
      const crashed = (error: Description): ReadyAnswer => ({
        kind: 'failed',
        during: 'run',
        error,
      });
      void this.jobProcess.ended.then((end) => resolve(crashed(describeCrash(end))));
      this.jobProcess.begin({ ...question, task: 'ready', limitMs: ANSWER_WITHIN });
    });
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
    this.listener = undefined;
    if (answer.kind === 'answered') this.keep();
    else this.end();
    return answer;
  }

  private keep(): void {
    idle.add(this);
    setTimeout(() => {
      if (idle.has(this)) this.end();
    }, IDLE_AT_MOST).unref();
  }

  private end(): void {
    idle.delete(this);
    void this.jobProcess.end();
  }
}

function answerOf(message: FromJobProcess): ReadyAnswer | undefined {
  switch (message.type) {
    case 'answer':
      return { kind: 'answered', reason: message.reason };
    case 'failed':
      return {
        kind: 'failed',
        during: message.during,
        error: message.error,
        detail: message.detail,
      };
    case 'exited':
      return { kind: 'failed', during: 'run', error: describeExit(message.code) };
    default:
      return undefined;
  }
}
