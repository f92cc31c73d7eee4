import { is, SQL } from 'drizzle-orm';
import { PgColumn } from 'drizzle-orm/pg-core';
import { JobUsageError } from './jobUsageError';
import { columnName, type TableReference, tableText } from './names';
import { kindOf, type OptionNames, requireBody, requireOptions } from './optionNames';
import type { WalkOptions } from './options';
import { readThrottle, type ThrottleOptions } from './throttle/options';
import { type Along, readAlong } from './walk/along';

export const WALK: OptionNames<WalkOptions> = {
  key: true,
  where: true,
  descending: true,
  name: true,
  database: true,
  throttle: true,
};
const THROTTLE: OptionNames<ThrottleOptions> = {
  slowdown: true,
  dutyCycle: true,
  replicaLag: true,
  unarchivedWal: true,
  slotLag: true,
  wraparoundVacuum: true,
  check: true,
};

/** The options of a walk over a table, along a key or groups. */
type Given = Omit<WalkOptions, 'key'> & Along;

/**
 * @throws JobUsageError that names the first option of a walk over a table with a value that is not
 *   allowed
 */
export function requireWalk(table: TableReference, options: Given): void {
  tableText(table);
  requireName(options);
  const { where, descending, database, throttle } = options;
  if (where !== undefined && !is(where, SQL)) {
    throw new JobUsageError(
      `where must be a condition in Drizzle or sql\`…\`, not ${kindOf(where)}; leave it out for all rows`,
    );
  }
  if (descending !== undefined && typeof descending !== 'boolean') {
    throw new JobUsageError(`descending must be true or false, not ${kindOf(descending)}`);
  }
  if (database !== undefined && typeof database !== 'string') {
    throw new JobUsageError(`database must be the name of one, not ${kindOf(database)}`);
  }
  if (throttle !== undefined && throttle !== false && typeof throttle !== 'function') {
    requireOptions('throttle', throttle, THROTTLE);
    const { check } = throttle;
    if (check !== undefined) requireBody('throttle.check', check);
  }
  readThrottle(throttle);
  for (const option of ['key', 'groupBy'] as const) requireColumns(table, option, options);
  readAlong(table, options);
}

/** @throws JobUsageError when a walk can't have the name */
export function requireName({ name }: Pick<WalkOptions, 'name'>): void {
  if (name === undefined || (typeof name === 'string' && name !== '')) return;
  throw new JobUsageError("name must be a text that isn't empty; leave it out for a number");
}

export const NO_COLUMN = 'must be a column, as users.id or sql`id`';

export const isColumn = (value: unknown): boolean => is(value, PgColumn) || is(value, SQL);

function requireColumns(
  table: TableReference,
  option: 'key' | 'groupBy',
  { [option]: given }: Along,
): void {
  if (given === undefined) return;
  for (const column of Array.isArray(given) ? given : [given]) {
    if (!isColumn(column)) {
      throw new JobUsageError(`${option} ${NO_COLUMN}, or an array of them, not ${kindOf(column)}`);
    }
    columnName(table, column);
  }
}
