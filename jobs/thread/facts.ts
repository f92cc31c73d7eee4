import { duration } from '../../settings/duration';
import { UsageError } from '../../settings/usageError';
import type { JobOptions } from '../context/index';

// Checked without zod: it would make loading a thread 50 % slower, and each attempt starts a thread.

type Check = (value: unknown) => string | undefined;

const isDuration: Check = (value) =>
  typeof value === 'string' && duration(value) !== undefined
    ? undefined
    : "is not a duration from 1 ms to 24 days; write '30 seconds'";

const isCount: Check = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= 1_000_000
    ? undefined
    : 'is not a whole number from 1 to 1000000';

const OPTIONS: Readonly<Record<keyof JobOptions, Check>> = {
  startToCloseTimeout: isDuration,
  heartbeatTimeout: isDuration,
  stopGrace: isDuration,
  memoryLimitMb: isCount,
  maxFailures: isCount,
};

/**
 * Reads a job's exported `options`; empty when there are none.
 * @throws UsageError naming every option that is unknown or has an invalid value
 */
export function readOptions(exported: unknown): JobOptions {
  if (exported === undefined) return {};
  if (typeof exported !== 'object' || exported === null) {
    throw new UsageError(
      "options: write export const options = { startToCloseTimeout: '6 hours' }",
    );
  }
  const problems = Object.entries(exported).flatMap(([name, value]) => {
    const check = Object.hasOwn(OPTIONS, name) ? OPTIONS[name as keyof JobOptions] : undefined;
    if (!check) return [`options.${name}: there is no such option`];
    const problem = value === undefined ? undefined : check(value);
    return problem ? [`options.${name}: ${problem}`] : [];
  });
  if (problems.length > 0) throw new UsageError(problems.join('; '));
  return exported as JobOptions;
}

/**
 * Reads a function that a job may export besides `run`; undefined when there is none.
 * @throws UsageError when it is something else, which would silently not be called
 */
export function readFunction<A>(
  name: 'verify' | 'ready' | 'revert',
  exported: unknown,
): ((argument: A) => unknown) | undefined {
  if (exported === undefined) return undefined;
  if (typeof exported === 'function') return exported as (argument: A) => unknown;
  throw new UsageError(
    `${name}: is not a function; write export async function ${name}(job) { … }`,
  );
}
