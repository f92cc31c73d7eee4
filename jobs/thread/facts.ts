import { duration } from '../../settings/duration';
import { isName } from '../../settings/migrationName';
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

/** A longer list would not fit into the messages that show it. */
const DEPENDENCIES_AT_MOST = 100;

/**
 * Reads a job's exported `dependsOn`; empty when there is none.
 * @throws UsageError when it is not a list of names
 */
export function readDependsOn(exported: unknown): readonly string[] {
  if (exported === undefined) return [];
  const names =
    Array.isArray(exported) && exported.length <= DEPENDENCIES_AT_MOST ? exported : [null];
  if (names.every((name) => typeof name === 'string' && isName(name))) return names;
  throw new UsageError(
    "dependsOn: is not a list of names; write export const dependsOn = ['0001_a']",
  );
}
