import type { NotStarted } from '../activities/contract';
import { isName as isMigrationName } from '../settings/migrationName';
import {
  type AttemptBegan,
  type Carried,
  FINALIZE_AT_MOST,
  type Finalize,
  type Group,
  NAMES_AT_MOST,
  type RunResult,
} from './contract';

// Anybody with Temporal's CLI can send anything, and an exception here would fail the run's workflow
// task for ever. Checked by hand: a schema library would be most of the workflow bundle.

/** The valid part of an input, and a line about each invalid part. */
export interface Checked<T> {
  readonly value: T;
  readonly ignored: readonly string[];
}

/** Reads the input of the signal finalizeMigrations. */
export function readFinalize(input: unknown): Checked<Finalize[]> {
  return readList('finalizeMigrations', input, isFinalize, FINALIZE_AT_MOST);
}

/** Reads a run's input: nothing, or what the previous run handed over. */
export function readCarried(input: unknown): Checked<Carried> {
  const nothing = { result: undefined, finalize: [], skip: [] };
  if (input === undefined) return { value: nothing, ignored: [] };
  if (!isObject(input)) return { value: nothing, ignored: ["the run's input: not an object"] };
  const result = isResult(input['result']) ? input['result'] : undefined;
  const finalize = readList("the run's finalize", input['finalize'], isFinalize, FINALIZE_AT_MOST);
  const skip = readList("the run's skip", input['skip'], isNotStarted, SKIP_AT_MOST);
  const wrongResult = result ? [] : ["the run's result: not a result of a run"];
  return {
    value: { result, finalize: finalize.value, skip: skip.value },
    ignored: [...wrongResult, ...finalize.ignored, ...skip.ignored],
  };
}

/** Reads the input of the signal statusChanged: nothing, or the attempt that has begun. */
export function readBegan(input: unknown): Checked<AttemptBegan | undefined> {
  if (input === undefined || input === null) return { value: undefined, ignored: [] };
  const { began, attempt } = isObject(input) ? input : {};
  if (isName(began) && isCount(attempt)) return { value: { began, attempt }, ignored: [] };
  return { value: undefined, ignored: ['statusChanged: not an attempt that has begun'] };
}

/** What workers returned is in it, and what `lrm finalize` asked for: both can be full. */
const SKIP_AT_MOST = NAMES_AT_MOST + FINALIZE_AT_MOST;

function readList<T>(
  what: string,
  input: unknown,
  accept: (entry: unknown) => T | undefined,
  atMost: number,
): Checked<T[]> {
  if (!Array.isArray(input)) return { value: [], ignored: [`${what}: not a list`] };
  const entries = input.slice(0, atMost).map(accept);
  const value = entries.filter((entry): entry is T => entry !== undefined);
  const wrong = entries.length - value.length;
  const more = input.length - entries.length;
  return {
    value,
    ignored: [
      ...(wrong > 0 ? [`${what}: ${wrong} of ${entries.length} entries are not valid`] : []),
      ...(more > 0 ? [`${what}: ${more} entries beyond the limit of ${atMost}`] : []),
    ],
  };
}

/** The default, throttled, is the safe one for the application. */
function isFinalize(entry: unknown): Finalize | undefined {
  if (!isObject(entry)) return undefined;
  const { name, throttled = true } = entry;
  return isName(name) && typeof throttled === 'boolean' ? { name, throttled } : undefined;
}

function isNotStarted(entry: unknown): NotStarted | undefined {
  if (!isObject(entry)) return undefined;
  const { name, reason } = entry;
  return isName(name) && typeof reason === 'string' ? { name, reason } : undefined;
}

function isResult(input: unknown): input is RunResult {
  if (!isObject(input) || !isObject(input['left'])) return false;
  const { completed, failed, reverted, stopped, left } = input;
  return (
    [completed, failed, stopped].every(isGroup) &&
    (reverted === undefined || isGroup(reverted)) &&
    isCount(left['count']) &&
    Array.isArray(left['first']) &&
    left['first'].length <= NAMES_AT_MOST &&
    left['first'].every((each) => isNotStarted(each) !== undefined)
  );
}

function isGroup(input: unknown): input is Group {
  return (
    isObject(input) &&
    isCount(input['count']) &&
    Array.isArray(input['names']) &&
    input['names'].length <= NAMES_AT_MOST &&
    input['names'].every(isName)
  );
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && isMigrationName(value);

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
