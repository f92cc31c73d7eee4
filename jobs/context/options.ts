import type { SQL } from 'drizzle-orm';
import { duration } from '../../settings/duration';
import { JobUsageError } from './jobUsageError';
import type { ColumnReference } from './names';
import type { Throttle } from './throttle/options';
import type { SizeBounds } from './walk/batchSize';

/** Options of every walk over a table. */
export interface WalkOptions {
  /**
   * The column or columns that the walk goes along: `[orders.customerId, orders.number]`, or plain
   * names as sql`id`. They must be NOT NULL and have a valid unique index on exactly these columns,
   * in this order. Where a part of them is unique by itself (`id` of `[projectId, id]`), a plain
   * index that begins with them is enough.
   */
  readonly key: ColumnReference | readonly ColumnReference[];
  /**
   * The condition for the rows that need work. A batch may make it false. Its values must not
   * differ between attempts: write sql`now()` instead of a Date. Default: all rows.
   */
  readonly where?: SQL | undefined;
  /** True walks from the last key to the first. Default: false. */
  readonly descending?: boolean | undefined;
  /**
   * The name by which later attempts find the walk. It must be unique in the job. Default: the
   * number of the walk in the job, from 1. So name walks whose order may change.
   */
  readonly name?: string | undefined;
  /**
   * The name of the further database that has the table: 'archive' for the setting
   * LRM_DATABASE_ARCHIVE_URL. The walk keeps its place there, in our own tables, so that its batches
   * stay exactly once: `npx lrm migrate --database archive` creates them. A walk can't move to
   * another database. Default: the main one, DATABASE_URL.
   */
  readonly database?: string | undefined;
  /** When the walk waits to spare the database; see {@link Throttle}. */
  readonly throttle?: Throttle | undefined;
}

/**
 * Options of `inBatches`.
 * @example
 * { key: users.id, where: isNull(users.emailLower), lanes: 2, targetBatchTime: '50 ms' }
 */
export interface BatchOptions extends WalkOptions {
  readonly groupBy?: undefined;
  /**
   * Number of batches that run at the same time, each on its own connection: 1 to 12. While the
   * throttle measures the application, it is the greatest number. 'auto': up to 8, as many as do more
   * rows and leave the application alone; one where nothing is measured. Default: 'auto'.
   */
  readonly lanes?: number | 'auto' | undefined;
  /**
   * How long the transaction of one batch should take at most. The number of rows in a batch is
   * adjusted to it, and to less while others use the database. Others may have to wait for a row for
   * this time. Batches whose cost is mostly fixed (a call to a service) take about twice that cost,
   * if that is more. Default: '100 ms'.
   */
  readonly targetBatchTime?: string | undefined;
  /** The smallest and the largest number of rows in a batch. Default: 1 and 20,000. */
  readonly batchSize?: { readonly min?: number; readonly max?: number } | undefined;
  /**
   * Whether the COMMIT of each batch waits for the disk. A crash of the server may undo the last
   * batches otherwise, about half a second of them, and the next attempt does them again: still
   * exactly once, but a body may have been called twice for them. Default: false.
   */
  readonly durable?: boolean | undefined;
  /**
   * What becomes of a batch that fails because of its data: an error of Postgres in the classes 22
   * and 23, or a BadRow. 'fail' ends the migration. 'skip' cuts the batch in halves, down to the
   * row. Good rows are done, and each bad one is recorded, once, in `skipped_rows`
   * (`lrm skipped <name>`). Default: 'fail'.
   */
  readonly onError?: 'fail' | 'skip' | undefined;
  /**
   * With `onError: 'skip'`: the migration fails when the walk would skip more rows than this, over
   * all attempts. 1 to 100,000. Default: 1,000.
   */
  readonly maxSkipped?: number | undefined;
}

/**
 * Options of `inBatches` along groups: all rows with the same values in some columns are in one
 * batch.
 * @example
 * { groupBy: [events.projectId, events.fingerprint], lanes: 2 }
 */
export interface GroupOptions
  extends Omit<BatchOptions, 'key' | 'groupBy' | 'onError' | 'maxSkipped'> {
  /**
   * The column or columns that the rows of a group have in common. They must be NOT NULL, and a
   * valid index must begin with them, in this order. A batch holds whole groups: as many as have up
   * to `batchSize` rows, and at least one. With `where` it holds all rows of its groups that match.
   */
  readonly groupBy: ColumnReference | readonly ColumnReference[];
  readonly key?: undefined;
  /** A group can't be cut down to its bad rows. */
  readonly onError?: 'fail' | undefined;
  readonly maxSkipped?: undefined;
}

/** {@link BatchOptions} with the defaults filled in. */
export interface ResolvedBatchOptions {
  readonly lanes: number | 'auto';
  readonly targetMs: number;
  readonly bounds: SizeBounds;
  /** How many rows of the walk may be skipped. Undefined: none, a bad row fails the migration. */
  readonly maxSkipped: number | undefined;
  readonly durable: boolean;
}

/** The attempt's other connections are for look-ups (two) and for the job's own queries. */
export const LANES_AT_MOST = 12;
/**
 * Larger batches are not faster (docs/benchmarks.md), and a batch that is read has to fit in
 * memory.
 */
const LARGEST_BATCH = 20_000;
const TARGET_BATCH_TIME = '100 ms';
/** So many rows can be looked at one by one. More mean that the job is wrong, and not the data. */
const SKIPPED = 1_000;
const SKIPPED_AT_MOST = 100_000;

/** @throws JobUsageError that names the first option with a value that is not allowed. */
export function readBatchOptions(options: BatchOptions | GroupOptions): ResolvedBatchOptions {
  const { lanes = 'auto', targetBatchTime = TARGET_BATCH_TIME, batchSize = {} } = options;
  const { min = 1, max = Math.max(LARGEST_BATCH, min) } = batchSize;
  const targetMs = duration(targetBatchTime);
  if (lanes !== 'auto' && (!isCount(lanes) || lanes > LANES_AT_MOST)) {
    throw new JobUsageError(
      `lanes is ${lanes}; it must be a whole number from 1 to ${LANES_AT_MOST}, or 'auto'`,
    );
  }
  if (targetMs === undefined) {
    throw new JobUsageError("targetBatchTime is not a duration; write '100 ms'");
  }
  if (!isCount(min) || !isCount(max) || min > max) {
    throw new JobUsageError(`batchSize is ${min} to ${max}; both must be whole numbers above 0`);
  }
  const { durable = false } = options;
  if (typeof durable !== 'boolean') throw new JobUsageError('durable is neither true nor false');
  return { lanes, targetMs, bounds: { min, max }, maxSkipped: readMaxSkipped(options), durable };
}

function readMaxSkipped(options: BatchOptions | GroupOptions): number | undefined {
  const { onError = 'fail', maxSkipped, groupBy, database } = options;
  if (onError !== 'fail' && onError !== 'skip') {
    throw new JobUsageError("onError is neither 'fail' nor 'skip'");
  }
  if (onError === 'fail') {
    if (maxSkipped === undefined) return undefined;
    throw new JobUsageError("maxSkipped needs onError: 'skip'; without it, no row is skipped");
  }
  if (groupBy !== undefined) {
    throw new JobUsageError(
      "onError: 'skip' needs a key: a group can't be cut down to its bad rows",
    );
  }
  if (database !== undefined) {
    throw new JobUsageError(
      "onError: 'skip' is for tables of the main database: leave it out, or leave out 'database'",
    );
  }
  const limit = maxSkipped ?? SKIPPED;
  if (isCount(limit) && limit <= SKIPPED_AT_MOST) return limit;
  throw new JobUsageError(
    `maxSkipped is ${limit}; it must be a whole number from 1 to ${SKIPPED_AT_MOST}`,
  );
}

/** A whole number above 0. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
