import type { LimitFunction } from 'p-limit';
import { hashOf } from '../catalog';
import { describeCrash } from './crash';
import type { Description } from './describeError';
import { JobProcess } from './jobProcess';
import type { ErrorDetail, JobFacts } from './messages';

/** What a job says of itself, or why it can't be loaded. */
export type Inspection =
  | { readonly kind: 'facts'; readonly facts: JobFacts }
  | {
      readonly kind: 'unloadable';
      readonly error: Description;
      /** For the log alone: it may hold rows' values. */
      readonly detail?: string | undefined;
    }
  /** Its top level didn't end in time, or ended the process: perhaps another time. */
  | { readonly kind: 'unfinished'; readonly error: Description };

/** A file's top level only declares things; on a busy machine that takes a second at most. Milliseconds. */
const LOAD_WITHIN = 10_000;
/** Loading needs little; a job that allocates at its top level is refused early. */
const MEMORY_LIMIT_MB = 256;

/** By the hash of the file: the same code says the same, and listing asks at every turn. */
const cache = new Map<string, { readonly inspection: Inspection; readonly until: number }>();
/** What failed, or didn't finish, is tried again, but not at once. Milliseconds. */
const ASK_AGAIN_AFTER = 10_000;
/** Processes at a time: more would only slow each other down. */
const AT_ONCE = 2;
let limit: LimitFunction | undefined;

/**
 * Reads a job's `options` and `dependsOn`. They are its code, so they are read in a short-lived
 * process and never imported into this one.
 */
export async function inspectJob(file: string, errorDetail: ErrorDetail): Promise<Inspection> {
  const hash = await hashOf(file).catch(() => undefined);
  // Gone, or not to be read, since the folder was listed.
  if (hash === undefined) return unfinished('the job file is not there any more');
  const key = `${errorDetail} ${hash}`;
  const known = cache.get(key);
  if (known && performance.now() < known.until) return known.inspection;
  const inspection = await inTurn(() => inspectInProcess(file, errorDetail));
  // What failed may depend on more than this file: a module it needs, a service at its top level.
  const final = inspection.kind === 'facts';
  const until = final ? Number.POSITIVE_INFINITY : performance.now() + ASK_AGAIN_AFTER;
  cache.set(key, { inspection, until });
  return inspection;
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const { default: pLimit } = await import('p-limit');
  limit ??= pLimit(AT_ONCE);
  return limit(work);
}

async function inspectInProcess(file: string, errorDetail: ErrorDetail): Promise<Inspection> {
  const jobProcess = new JobProcess(MEMORY_LIMIT_MB).begin({ task: 'inspect', file, errorDetail });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Inspection>((resolve) => {
      timer = setTimeout(() => resolve(unfinished(NO_END)), LOAD_WITHIN);
      jobProcess.onMessage((message) => {
        if (message.type === 'facts') resolve({ kind: 'facts', facts: message.facts });
        if (message.type === 'failed') {
          const { error, detail } = message;
          resolve({ kind: 'unloadable', error, detail });
        }
        if (message.type === 'exited') resolve(unfinished(NO_END));
      });
      void jobProcess.ended.then((end) =>
        resolve({ kind: 'unfinished', error: describeCrash(end) }),
      );
    });
  } finally {
    clearTimeout(timer);
    void jobProcess.end();
  }
}

const NO_END = 'the top level of the job file did not come to an end';

function unfinished(message: string): Inspection {
  const error = { name: 'Unfinished', origin: 'author' as const, message, causes: [] };
  return { kind: 'unfinished', error };
}
