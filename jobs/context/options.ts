import type { SQL } from 'drizzle-orm';
import { duration } from '../../settings/duration';
import { JobUsageError } from './jobUsageError';
import type { ColumnReference } from './names';
import type { Throttle } from './throttle';
import type { SizeBounds } from './walk/batchSize';

/** What a walk goes along and over. */
export interface WalkOptions {
  /**
   * One column or several (`[orders.customerId, orders.number]`), NOT NULL, with a valid unique
   * index on exactly these, in this order. Plain names go as sql`id`.
   */
  readonly key: ColumnReference | readonly ColumnReference[];
  /**
   * Which rows there is something to do for. A batch may make it false; its values must not
   * differ between attempts (sql`now()` rather than a Date). Default: all.
   */
  readonly where?: SQL | undefined;
  /** From the last key to the first. Default false. */
  readonly descending?: boolean | undefined;
  /**
   * By which later attempts find the walk again; unique in the job. Default: its number, counted
   * from 1 in the order of the job's walks, so name those whose order may change.
   */
  readonly name?: string | undefined;
  /** What makes it wait for the database's sake; see {@link Throttle}. */
  readonly throttle?: Throttle | undefined;
}

/** How inBatches() walks. */
export interface BatchOptions extends WalkOptions {
  /** Batches at a time, each in a connection of its own, from 1 to 12. Default 1. */
  readonly lanes?: number | undefined;
  /**
   * How long one batch's transaction should take; its size follows. Default '100 ms': as long as
   * that, others may have to wait for a row.
   */
  readonly targetBatchTime?: string | undefined;
  /** Rows a batch, at least and at most. Default 1 and 20,000. */
  readonly batchSize?: { readonly min?: number; readonly max?: number } | undefined;
}

/** {@link BatchOptions} with every default in place. */
export interface ResolvedBatchOptions {
  readonly lanes: number;
  readonly targetMs: number;
  readonly bounds: SizeBounds;
}

/** Two of an attempt's connections are for looking ahead, some for the job's own. */
const LANES_AT_MOST = 12;
/** Larger batches are no faster (docs/benchmarks.md), and their rows may have to fit in memory. */
const LARGEST_BATCH = 20_000;
const TARGET_BATCH_TIME = '100 ms';

/** @throws JobUsageError naming the first option that makes no sense. */
export function readBatchOptions(options: BatchOptions): ResolvedBatchOptions {
  const { lanes = 1, targetBatchTime = TARGET_BATCH_TIME, batchSize = {} } = options;
  const { min = 1, max = Math.max(LARGEST_BATCH, min) } = batchSize;
  const targetMs = duration(targetBatchTime);
  if (!isCount(lanes) || lanes > LANES_AT_MOST) {
    throw new JobUsageError(
      `lanes is ${lanes}; it must be a whole number from 1 to ${LANES_AT_MOST}`,
    );
  }
  if (targetMs === undefined) {
    throw new JobUsageError("targetBatchTime is no duration; write '100 ms'");
  }
  if (!isCount(min) || !isCount(max) || min > max) {
    throw new JobUsageError(`batchSize is ${min} to ${max}; both must be whole numbers above 0`);
  }
  return { lanes, targetMs, bounds: { min, max } };
}

/** A whole number above 0. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

/** Work that a crash just before a checkpoint repeats: little enough for most services. */
const CHECKPOINT_EVERY = 100;

/** @throws JobUsageError when it is no count. */
export function checkpointEvery(given = CHECKPOINT_EVERY): number {
  if (isCount(given)) return given;
  throw new JobUsageError(`checkpointEvery is ${given}; it must be a whole number above 0`);
}
