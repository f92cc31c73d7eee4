import type { Progress } from '../../jobs/context/attempt';
import type { BatchOptions } from '../../jobs/context/index';
import { beginAttempt } from '../jobs/context/attempts';
import { changeBatch, type Walk } from './contestants';
import { now } from './load/load';
import type { Bench } from './server';

/** What an attempt reported at one time. */
export interface Moment {
  /** On the clock of {@link now}. */
  readonly at: number;
  /** Rows done. */
  readonly done: number;
  readonly lanes: number | undefined;
  /** The share of the time that a lane works. */
  readonly duty: number | undefined;
  /** The time that a batch should take. */
  readonly batchMs: number | undefined;
}

/** What a walk does that does not report it, because it never changes. */
export type Fixed = Partial<Pick<Moment, 'duty' | 'batchMs'>>;

/** One way to fill users.email_lower that can be watched and stopped. */
export interface Backfill {
  /** When it began and ended, or was stopped, on the clock of {@link now}. */
  readonly begun: number;
  readonly ended: number;
  /** In the order of time. At its beginning nothing is done. */
  readonly moments: readonly Moment[];
}

/**
 * Walks over the users with these options until all is done or the signal is aborted, and records
 * what the attempt reports on its way.
 */
export async function backfill(
  bench: Bench,
  options: Partial<BatchOptions>,
  stop: AbortSignal,
  { walk = changeBatch, fixed = {} }: { walk?: Walk; fixed?: Fixed } = {},
): Promise<Backfill> {
  const attempt = await beginAttempt(bench, '0001_bench');
  const begun = now();
  let ended = begun;
  const moments: Moment[] = [moment(begun, {}, { ...NOTHING, ...fixed })];
  attempt.report = (progress) => void moments.push(moment(now(), progress, moments.at(-1)));
  const stopped = new Error('the benchmark has seen enough');
  stop.addEventListener('abort', () => attempt.stop(stopped));
  try {
    await walk(attempt.job, options);
  } catch (error) {
    if (error !== stopped) throw error;
  } finally {
    ended = now();
    await attempt.end();
  }
  return { begun, ended, moments };
}

/** Before the first report. */
export const NOTHING: Moment = {
  at: 0,
  done: 0,
  lanes: undefined,
  duty: undefined,
  batchMs: undefined,
};

/** What is not reported stays as it was. */
export function moment(at: number, { done, details }: Progress, before = NOTHING): Moment {
  const { lanes, throttle } = details ?? {};
  return {
    at,
    done: done ?? before.done,
    lanes: typeof lanes === 'number' ? lanes : before.lanes,
    ...(typeof throttle === 'string'
      ? readPace(throttle)
      : { duty: before.duty, batchMs: before.batchMs }),
  };
}

/** What the loop says that it does: '2 lanes at 40 %, 5 ms batches, application 1.1 ×'. */
function readPace(text: string): Pick<Moment, 'duty' | 'batchMs'> {
  const number = (pattern: RegExp) => {
    const found = pattern.exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return { duty: (number(/ at ([\d.]+) %/) ?? 100) / 100, batchMs: number(/([\d.]+) ms batches/) };
}
