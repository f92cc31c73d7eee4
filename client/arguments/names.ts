import type { Sql } from '../../drizzle/connect';
import type { Database } from '../../drizzle/database';
import { NotRegistered, OperationRefused } from '../../drizzle/rows/operationRefused';
import { readNames } from '../../drizzle/rows/unfinished';
import { firstNames } from '../../settings/firstOf';
import { isName, jobOf, targetOf } from '../../settings/migrationName';
import { UsageError } from '../../settings/usageError';
import { migrationName } from './name';
import { didYouMean } from './suggest';

/** What an operator meant by one word. */
export interface Meant {
  /** A migration, or the job all of whose registrations were meant. */
  readonly name: string;
  /** The registered migrations. One, unless a job with targets was typed. */
  readonly names: readonly string[];
}

/**
 * Finds what an operator typed: by name, by number ('2' or '0002'), or by the beginning of a name. A
 * job stands for all its targets; '0001_sample:' is the registration without a target.
 * @throws NotRegistered, OperationRefused or UsageError for the first that matches none or several. The
 * message suggests names.
 */
export async function meantBy(db: Database, typed: readonly string[]): Promise<Meant[]> {
  const names = await readNames(db.$client);
  return typed.map((each) => meant(each, names) ?? unknown(each, names));
}

/** The registered migrations that an operator typed, each once. */
export async function registeredNames(db: Database, typed: readonly string[]): Promise<string[]> {
  return [...new Set((await meantBy(db, typed)).flatMap(({ names }) => names))];
}

/**
 * The same for a deploy's gate, which does not accept the beginning of a name: '0001_users' must not
 * pass because 0001_users_email is completed. Names that are not registered are returned unchanged,
 * and a job's name stands for all its targets.
 */
export async function gatedNames(sql: Sql, typed: readonly string[]): Promise<string[]> {
  const names = typed.some(isNumber) ? await readNames(sql) : [];
  return [
    ...new Set(
      typed.map((each) =>
        isNumber(each) ? (meant(each, names)?.name ?? unknown(each, names)) : each,
      ),
    ),
  ];
}

/** @throws UsageError if one is neither a name nor a number */
export function requireNames(typed: readonly string[]): void {
  for (const each of typed) if (!isNumber(each)) migrationName(each);
}

/**
 * Returns what was meant, or undefined.
 * @throws UsageError when several match
 */
export function meant(typed: string, names: readonly string[]): Meant | undefined {
  const [job = '', target] = split(typed);
  const beginning = isNumber(job) ? `${job.padStart(4, '0')}_` : job;
  if (beginning === '') return undefined;
  const ofJob = names.filter((name) => jobOf(name) === beginning);
  const found = ofJob.length > 0 ? ofJob : names.filter((name) => name.startsWith(beginning));
  const [first, ...others] = new Set(found.map(jobOf));
  if (first === undefined) return undefined;
  if (others.length > 0) {
    throw new UsageError(`${typed} matches ${shorten([first, ...others])}: type more of the name`);
  }
  if (target === undefined) return { name: first, names: found };
  return meantTarget(typed, target, found);
}

/** A whole target wins over longer ones that begin with it. */
function meantTarget(typed: string, target: string, names: readonly string[]): Meant | undefined {
  const of = (accepts: (target: string) => boolean) =>
    names.filter((name) => accepts(targetOf(name) ?? ''));
  const exact = of((each) => each === target);
  const found = exact.length > 0 || target === '' ? exact : of((each) => each.startsWith(target));
  const [name] = found;
  if (found.length > 1) {
    throw new UsageError(`${typed} matches ${shorten(found)}: type more of the name`);
  }
  return name === undefined ? undefined : { name, names: [name] };
}

/** 'job:target' in two. */
function split(typed: string): [string, string | undefined] {
  const at = typed.indexOf(':');
  return at < 0 ? [typed, undefined] : [typed.slice(0, at), typed.slice(at + 1)];
}

const isNumber = (typed: string): boolean => /^[0-9]{1,4}$/.test(typed);

function unknown(typed: string, names: readonly string[]): never {
  // Without a target, targets would only hide the jobs that may have been meant.
  const known = typed.includes(':') ? names : [...new Set(names.map(jobOf))];
  const hint = didYouMean(typed, known);
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

const shorten = (names: readonly string[]): string => firstNames(names, NAMES_AT_MOST);
