import { JobUsageError } from '../jobUsageError';
import { isCount } from '../options';

/** Options of `forEach`, over rows as well as over items. */
export interface EachOptions<P extends number | undefined = number | undefined> {
  /**
   * With it, `body` gets an array of up to this many rows or items, 1 to 10,000: for services that
   * take many at once. Default: none, `body` gets one after the other.
   */
  readonly pageSize?: P;
  /**
   * How many calls of `body` run at the same time, 1 to 100. They begin in order and may end in any
   * order. Default: 1.
   */
  readonly concurrency?: number | undefined;
  /**
   * The place is stored each time after this many rows or items, in whole pages: at least
   * `pageSize`. After a crash, at most this many are done again. With `concurrency` it can be twice
   * as many, or this many and those of all running calls if that is more. Default: 100, or
   * `pageSize` if that is larger.
   */
  readonly checkpointEvery?: number | undefined;
}

/** What `body` gets: a row or item, or with `pageSize` an array of them. */
export type Page<T, P> = P extends number ? T[] : T;

/** {@link EachOptions} with the defaults filled in. */
export interface ResolvedEachOptions {
  readonly pageSize: number;
  /** Whether `body` gets an array. */
  readonly paged: boolean;
  readonly concurrency: number;
  readonly checkpointEvery: number;
  /** How many pages may be begun from the oldest one on that is not done. */
  readonly pagesAhead: number;
}

/** A page has to fit in memory, and services take no more at once. */
const PAGE_AT_MOST = 10_000;
/** More calls at the same time need more than one worker process. */
const CONCURRENCY_AT_MOST = 100;
/** A crash just before a checkpoint repeats this much work: little enough for most services. */
const CHECKPOINT_EVERY = 100;

/** @throws JobUsageError that names the first option with a value that is not allowed. */
export function readEachOptions(options: EachOptions): ResolvedEachOptions {
  const { pageSize = 1, concurrency = 1 } = options;
  requireCount('pageSize', pageSize, PAGE_AT_MOST);
  requireCount('concurrency', concurrency, CONCURRENCY_AT_MOST);
  const { checkpointEvery = Math.max(CHECKPOINT_EVERY, pageSize) } = options;
  if (!isCount(checkpointEvery)) {
    throw new JobUsageError(
      `checkpointEvery is ${checkpointEvery}; it must be a whole number above 0`,
    );
  }
  if (checkpointEvery < pageSize) {
    throw new JobUsageError(
      `checkpointEvery is ${checkpointEvery}, less than pageSize (${pageSize}); only whole pages can ` +
        'be stored as done',
    );
  }
  return {
    pageSize,
    paged: options.pageSize !== undefined,
    concurrency,
    checkpointEvery,
    // One after the other means that a page waits until the one before is stored, if it has to be.
    pagesAhead: concurrency === 1 ? 1 : Math.max(concurrency, checkpointEvery / pageSize),
  };
}

function requireCount(name: string, value: number, most: number): void {
  if (isCount(value) && value <= most) return;
  throw new JobUsageError(`${name} is ${value}; it must be a whole number from 1 to ${most}`);
}
