import type { Sql } from '../../drizzle/connect';
import type { Database } from '../../drizzle/database';
import { NotRegistered, OperationRefused } from '../../drizzle/rows/operationRefused';
import { readNames } from '../../drizzle/rows/unfinished';
import { isName } from '../../jobs/catalog';
import { UsageError } from '../../settings/usageError';
import { migrationName } from './name';
import { didYouMean } from './suggest';

/**
 * Finds the registered migrations that an operator typed: by name, by number ('2' or '0002'), or by
 * the beginning of a name. Each is returned once.
 * @throws NotRegistered, OperationRefused or UsageError for the first that matches none or several. The
 * message suggests names.
 */
export async function registeredNames(db: Database, typed: readonly string[]): Promise<string[]> {
  const names = await readNames(db.$client);
  return [...new Set(typed.map((each) => meant(each, names) ?? unknown(each, names)))];
}

/**
 * The same for a deploy's gate, which does not accept the beginning of a name: '0001_users' must not
 * pass because 0001_users_email is completed. Names that are not registered are returned unchanged.
 */
export async function gatedNames(sql: Sql, typed: readonly string[]): Promise<string[]> {
  const names = typed.some(isNumber) ? await readNames(sql) : [];
  return [
    ...new Set(
      typed.map((each) => (isNumber(each) ? (meant(each, names) ?? unknown(each, names)) : each)),
    ),
  ];
}

/** @throws UsageError if one is neither a name nor a number */
export function requireNames(typed: readonly string[]): void {
  for (const each of typed) if (!isNumber(each)) migrationName(each);
}

/**
 * Returns the one of `names` that was meant, or undefined.
 * @throws UsageError when several match
 */
export function meant(typed: string, names: readonly string[]): string | undefined {
  if (names.includes(typed)) return typed;
  const beginning = isNumber(typed) ? `${typed.padStart(4, '0')}_` : typed;
  const found = beginning === '' ? [] : names.filter((name) => name.startsWith(beginning));
  if (found.length > 1) {
    throw new UsageError(`${typed} matches ${shorten(found)}: type more of the name`);
  }
  return found[0];
}

const isNumber = (typed: string): boolean => /^[0-9]{1,4}$/.test(typed);

function unknown(typed: string, names: readonly string[]): never {
  const hint = didYouMean(typed, names);
  if (isName(typed)) throw new NotRegistered(typed, hint);
  if (isNumber(typed)) {
    throw new OperationRefused(`no registered migration has the number ${typed.padStart(4, '0')}`);
  }
  if (hint) throw new NotRegistered(JSON.stringify(typed), hint);
  migrationName(typed);
  throw new NotRegistered(typed);
}

/** More don't fit on one line. */
const NAMES_AT_MOST = 5;

function shorten(names: readonly string[]): string {
  const more = names.length - NAMES_AT_MOST;
  const first = names.slice(0, NAMES_AT_MOST).join(', ');
  return more > 0 ? `${first} and ${more} more` : first;
}
