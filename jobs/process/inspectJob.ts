import type { LimitFunction } from 'p-limit';
import { hashOf } from '../catalog';
import { describeCrash } from './crash';
import type { Description } from './describeError';
import { JobProcess } from './jobProcess';
import type { ErrorDetail, JobFacts } from './messages';
import { type Output, printTo } from './output';

/** The options and dependencies of a job, or why they can't be read. */
export type Inspection =
  | { readonly kind: 'facts'; readonly facts: JobFacts }
  | {
      readonly kind: 'unloadable';
      readonly error: Description;
      /** Only for the log: it may hold row values. */
      readonly detail?: string | undefined;
    }
  /** Its top level took too long or ended the process. A retry may work. */
  | { readonly kind: 'unfinished'; readonly error: Description };

/** A top level only declares things. On a busy machine that takes one second. Milliseconds. */
const LOAD_WITHIN = 10_000;
/** Loading needs little memory. A job that allocates much at its top level is refused. */
const MEMORY_LIMIT_MB = 256;

/** By the hash of the file: the same code gives the same result, and each listing needs it. */
const cache = new Map<string, { readonly inspection: Inspection; readonly until: number }>();
/** A failed or unfinished inspection is repeated only after this time. Milliseconds. */
const ASK_AGAIN_AFTER = 10_000;
/** Processes at a time: more of them would slow each other down. */
const AT_ONCE = 2;
let limit: LimitFunction | undefined;

export interface InspectOptions {
  readonly errorDetail: ErrorDetail;
  /**
   * Use one process for many files, which is faster. Only where the files are known to go together:
   * what the top level of one changes (a global, a prototype) meets the next. Default: false.
   */
  readonly shared?: boolean | undefined;
  /** For what the job's top level prints. Default: 'stderr'. */
  readonly output?: Output | undefined;
}

/**
 * Reads a job's `options` and `dependsOn`. That executes the job's code, so it happens in a
 * short-lived process and never in this one.
 */
export async function inspectJob(file: string, options: InspectOptions): Promise<Inspection> {
  const { errorDetail, shared = false, output = 'stderr' } = options;
  const hash = await hashOf(file).catch(() => undefined);
  // After the folder was listed, the file was removed or became unreadable.
  if (hash === undefined) return unfinished('the job file is not there any more');
  const key = `${errorDetail} ${hash}`;
  const known = knownOf(key);
  if (known) return known;
  return inTurn(async () => {
    // While this one waited, another may have inspected the same code: that of a thousand targets.
    const meanwhile = knownOf(key);
    if (meanwhile) return meanwhile;
    const inspection = await (shared
      ? inspectInShared(file, errorDetail, output)
      : inspectIn(create(output), file, errorDetail, output));
    // A failure may have a cause outside of this file: a missing module, or a service that is down.
    const final = inspection.kind === 'facts';
    const until = final ? Number.POSITIVE_INFINITY : performance.now() + ASK_AGAIN_AFTER;
    cache.set(key, { inspection, until });
    return inspection;
  });
}

function knownOf(key: string): Inspection | undefined {
  const known = cache.get(key);
  return known && performance.now() < known.until ? known.inspection : undefined;
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const { default: pLimit } = await import('p-limit');
  limit ??= pLimit(AT_ONCE);
  return limit(work);
}

/** Processes whose last inspection gave the facts of a file. The next one finds everything loaded. */
const idle = new Set<JobProcess>();
/** An idle process ends when nothing is inspected for this time. Milliseconds. */
const IDLE_AT_MOST = 500;

async function inspectInShared(
  file: string,
  errorDetail: ErrorDetail,
  output: Output,
): Promise<Inspection> {
  const [used] = idle;
  const jobProcess = used ?? create(output);
  idle.delete(jobProcess);
  const inspection = await inspectIn(jobProcess, file, errorDetail, output, keep);
  if (inspection.kind === 'facts' || !used) return inspection;
  // The file may only not go together with those before it.
  return inspectIn(create(output), file, errorDetail, output);
}

function create(output: Output): JobProcess {
  return new JobProcess(MEMORY_LIMIT_MB, output);
}

async function inspectIn(
  jobProcess: JobProcess,
  file: string,
  errorDetail: ErrorDetail,
  output: Output,
  afterFacts: (jobProcess: JobProcess) => void = (used) => void used.end(),
): Promise<Inspection> {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const inspection = await new Promise<Inspection>((resolve) => {
    timer = setTimeout(() => resolve(unfinished(NO_END)), LOAD_WITHIN);
    jobProcess.onMessage((message) => {
      if (over) return;
      if (message.type === 'log') printTo(output, message);
      if (message.type === 'facts') resolve({ kind: 'facts', facts: message.facts });
      if (message.type === 'failed') {
        const { error, detail } = message;
        resolve({ kind: 'unloadable', error, detail });
      }
      if (message.type === 'exited') resolve(unfinished(NO_END));
    });
    void jobProcess.ended.then((end) => resolve({ kind: 'unfinished', error: describeCrash(end) }));
    jobProcess.begin({ task: 'inspect', file, errorDetail });
  });
  over = true;
  clearTimeout(timer);
  if (inspection.kind === 'facts') afterFacts(jobProcess);
  else void jobProcess.end();
  return inspection;
}

/** Keeps a process for the next file. One whose file still does something is ended. */
function keep(jobProcess: JobProcess): void {
  idle.add(jobProcess);
  const end = () => {
    if (idle.delete(jobProcess)) void jobProcess.end();
  };
  jobProcess.onMessage((message) => {
    if (message.type === 'log' && idle.has(jobProcess)) printTo('stderr', message);
    end();
  });
  void jobProcess.ended.then(end);
  setTimeout(end, IDLE_AT_MOST).unref();
}

const NO_END = 'the top level of the job file did not finish';

function unfinished(message: string): Inspection {
  const error = { name: 'Unfinished', origin: 'author' as const, message, causes: [] };
  return { kind: 'unfinished', error };
}
