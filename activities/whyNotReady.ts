import { readInput } from '../drizzle/rows/input';
import { hashOf } from '../jobs/catalog';
import { ANSWER_WITHIN, askJob, type ReadyAnswer } from '../jobs/process/askJob';
import { describeError } from '../jobs/process/describeError';
import { durationText } from '../settings/duration';
import { errorText } from './attempt/errorText';
import { jobConnection } from './attempt/jobSessions';
import { logOfJobs } from './authorFields';
import type { Deps } from './deps';
import { shortReason } from './shortReason';

/** Whether a remembered answer will do. */
export interface Believed {
  /** How old a remembered answer may be. Milliseconds. */
  readonly forMs: number;
  /** A remembered answer will do, too, that was given since then. By performance.now(). */
  readonly since?: number;
  /** After this time nobody is asked any more. By performance.now(). Default: never. */
  readonly until?: number;
  /** When it is aborted, nobody is asked any more, and no answer is waited for. */
  readonly signal?: AbortSignal;
  /** Called for each that should have been asked, and was not. */
  readonly onPassedOver?: () => void;
}

/** To be asked now. */
export const ASK: Believed = { forMs: 0 };

interface Answer {
  readonly hash: string;
  readonly reason: string | null;
  readonly silent: boolean;
  /** By performance.now(). */
  readonly at: number;
}

/** The last answer for each migration. Only the same code counts. */
const answers = new Map<string, Answer>();
/** Questions that are being asked. */
const asking = new Map<string, Promise<Answer>>();

/** The attempt that begins right after a listing need not ask again. Milliseconds. */
const READY_FOR = 10_000;
/** Each question that hangs takes ten seconds, so it is not repeated so soon. Milliseconds. */
const SILENT_FOR = 60_000;

/** No listing believes older answers, however long it takes to ask everybody. Milliseconds. */
const ROUND_AT_MOST = 600_000;
/** When the first of everybody was asked. By performance.now(). */
let roundBegan = 0;
/** Whether somebody is still to be asked in this round. */
let passedOver = false;

/**
 * How old an answer may be for a listing that asks everybody again. When the listing before had no time
 * to ask everybody, this one goes on with the others: those who come last would never be asked.
 */
export function askEverybody(): number {
  const now = performance.now();
  if (!passedOver) roundBegan = now;
  passedOver = false;
  return Math.min(now - roundBegan, ROUND_AT_MOST);
}

const NOT_ASKED =
  'its ready() is not asked yet, because those of others took too long; the next check asks it';

/** Why a job whose `ready()` is exported must wait; null when it may begin. Never throws. */
export async function whyNotReady(
  deps: Pick<Deps, 'db' | 'settings' | 'log'>,
  name: string,
  file: string,
  believed: Believed,
): Promise<string | null> {
  const { until = Number.POSITIVE_INFINITY, signal } = believed;
  const key = `${deps.settings.databaseUrl} ${name}`;
  const hash = await hashOf(file).catch(() => '');
  const last = answers.get(key);
  const known = last?.hash === hash ? last : undefined;
  if (known && isBelieved(known, believed)) return known.reason;
  if (performance.now() > until || signal?.aborted) {
    passedOver = true;
    believed.onPassedOver?.();
    return known?.reason ?? NOT_ASKED;
  }
  const question = asking.get(key) ?? ask(deps, name, file, hash, signal);
  asking.set(key, question);
  try {
    const answer = await question;
    answers.set(key, answer);
    return answer.reason;
  } finally {
    asking.delete(key);
  }
}

function isBelieved(
  { reason, silent, at }: Answer,
  { forMs, since = Number.POSITIVE_INFINITY }: Believed,
): boolean {
  const least = reason === null ? READY_FOR : silent ? SILENT_FOR : 0;
  return at >= since || performance.now() - at < Math.max(least, forMs);
}

async function ask(
  { db, settings, log }: Pick<Deps, 'db' | 'settings' | 'log'>,
  name: string,
  file: string,
  hash: string,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const own = log.child({ migration: name });
  const ask = async (): Promise<ReadyAnswer> => {
    const input = await readInput(db, name);
    return askJob({
      file,
      ...jobConnection(settings),
      input,
      migration: name,
      errorDetail: settings.LRM_ERROR_DETAIL,
      signal,
      log: logOfJobs(own),
      output: logOfJobs(log),
    });
  };
  const answer = await ask().catch(
    (error): ReadyAnswer => ({ kind: 'failed', during: 'run', error: describeError(error) }),
  );
  if (answer.kind === 'failed' && answer.detail && settings.LRM_ERROR_DETAIL === 'full') {
    own.warn({ detail: answer.detail }, 'ready() failed');
  }
  const silent = answer.kind === 'silent';
  return { hash, reason: reasonOf(answer), silent, at: performance.now() };
}

function reasonOf(answer: ReadyAnswer): string | null {
  switch (answer.kind) {
    case 'answered':
      return answer.reason === null ? null : shortReason(`not ready: ${answer.reason}`);
    case 'silent':
      return `ready() did not answer within ${durationText(ANSWER_WITHIN)}`;
    case 'failed':
      return shortReason(`ready() failed: ${errorText(answer.during, answer.error)}`);
  }
}
