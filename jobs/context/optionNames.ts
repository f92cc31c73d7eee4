import { JobUsageError } from './jobUsageError';

/** The options that something takes. With the type, none can be forgotten here. */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/**
 * Makes sure that a job without types has given an object, with no option that would be ignored. An
 * option that is undefined counts as left out.
 * @param what the object, as the author wrote it: 'the options of job.map'
 * @throws JobUsageError that names the first option that does not exist
 */
export function requireOptions<T>(
  what: string,
  given: unknown,
  known: OptionNames<T>,
): asserts given is T {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new JobUsageError(`${what} must be an object, not ${kindOf(given)}`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    throw new JobUsageError(
      `${what}: there is no option '${name}'; there are ${Object.keys(known).join(', ')}`,
    );
  }
}

/** @throws JobUsageError when a job without types has given something else as its code */
export function requireBody(what: string, body: unknown): void {
  if (typeof body === 'function') return;
  throw new JobUsageError(`${what} needs a function as its last argument, not ${kindOf(body)}`);
}

/** What a value is, without the value: it may come from a row. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`.replace('a object', 'an object');
}
