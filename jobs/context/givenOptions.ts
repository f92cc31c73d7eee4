import { is, SQL } from 'drizzle-orm';
import type { EachItemOptions } from './each/forEachItem';
import type { EachRowOptions } from './each/forEachRow';
import { readEachOptions } from './each/options';
import { JobUsageError } from './jobUsageError';
import type { TableReference } from './names';
import { kindOf, type OptionNames, requireBody, requireOptions } from './optionNames';
import {
  type BatchOptions,
  type GroupOptions,
  type ResolvedBatchOptions,
  readBatchOptions,
  type WalkOptions,
} from './options';
import type { Along } from './walk/along';
import { isColumn, NO_COLUMN, requireName, requireWalk, WALK } from './walkOptions';

// All that can be said of a walk's options without the database. A job without types may give
// anything, and what is ignored here would be missed in the rows.

const IN_BATCHES: OptionNames<BatchOptions | GroupOptions> = {
  ...WALK,
  groupBy: true,
  lanes: true,
  targetBatchTime: true,
  batchSize: true,
  onError: true,
  maxSkipped: true,
  durable: true,
};
const BATCH_SIZE: OptionNames<NonNullable<BatchOptions['batchSize']>> = { min: true, max: true };
const EACH = { pageSize: true, concurrency: true, checkpointEvery: true } as const;
const EACH_ROW: OptionNames<EachRowOptions> = { ...WALK, columns: true, ...EACH };
const EACH_ITEM: OptionNames<EachItemOptions<unknown, unknown>> = {
  cursor: true,
  total: true,
  name: true,
  ...EACH,
};
/** The walk's name, by which its failure is remembered even if its options are refused. */
export function givenName(options: unknown): string | undefined {
  const name = (options as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' ? name : undefined;
}

/** @throws JobUsageError when an argument of `job.inBatches` makes no sense */
export function readInBatches(
  table: TableReference,
  options: BatchOptions | GroupOptions,
  body: unknown,
): ResolvedBatchOptions {
  requireOptions('the options of inBatches', options, IN_BATCHES);
  requireBody('inBatches', body);
  if (options.batchSize !== undefined) {
    requireOptions('batchSize', options.batchSize, BATCH_SIZE);
  }
  requireWalk(table, options);
  return readBatchOptions(options);
}

/** @throws JobUsageError when an argument of `job.forEach` over rows makes no sense */
export function requireForEachRow(
  table: TableReference,
  options: EachRowOptions,
  body: unknown,
): void {
  const { groupBy } = { ...(options as Along | null) };
  if (groupBy !== undefined) {
    throw new JobUsageError("forEach goes along a 'key', not along groups (groupBy)");
  }
  requireOptions('the options of forEach', options, EACH_ROW);
  requireBody('forEach', body);
  requireWalk(table, options);
  const { columns } = options;
  if (columns !== undefined && (typeof columns !== 'object' || columns === null)) {
    throw new JobUsageError(`columns must be an object, not ${kindOf(columns)}`);
  }
  for (const [name, column] of Object.entries(columns ?? {})) {
    if (isColumn(column) || is(column, SQL.Aliased)) continue;
    throw new JobUsageError(`columns: ${name} ${NO_COLUMN}, not ${kindOf(column)}`);
  }
  readEachOptions(options);
}

/** @throws JobUsageError when an argument of `job.forEach` over items makes no sense */
export function requireForEachItem(
  options: EachItemOptions<unknown, unknown>,
  body: unknown,
): void {
  const { database } = { ...(options as Partial<WalkOptions> | null) };
  if (database !== undefined) {
    throw new JobUsageError(
      "forEach over items keeps its cursor in the main database: leave out 'database'",
    );
  }
  requireOptions('the options of forEach over items', options, EACH_ITEM);
  requireBody('forEach', body);
  requireName(options);
}
