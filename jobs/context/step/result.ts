import { JobUsageError } from '../jobUsageError';

/** A result is read by each later attempt, and a table of results is no place for data. Bytes. */
const AT_MOST = 1024 * 1024;

/**
 * What a step returned, as JSON; null when it returned nothing.
 * @throws JobUsageError when later attempts would get something else than what was returned
 */
export function toText(step: string, value: unknown): string | null {
  if (value === undefined) return null;
  const text = stringify(step, value);
  if (text === undefined) throw unusable(step, 'is not JSON');
  if (Buffer.byteLength(text) > AT_MOST) throw unusable(step, 'has more than 1 MiB as JSON');
  return text;
}

export const fromText = (text: string | null): unknown =>
  text === null ? undefined : JSON.parse(text);

function stringify(step: string, value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_, each) => {
      if (LOST.has(typeof each) || (typeof each === 'number' && !Number.isFinite(each))) {
        throw unusable(step, `holds ${typeof each === 'number' ? each : `a ${typeof each}`}`);
      }
      return each;
    });
  } catch (error) {
    if (error instanceof JobUsageError) throw error;
    // The error may quote a value: of an object that contains itself, of a toJSON() that throws.
    throw unusable(step, "can't be written as JSON");
  }
}

/** JSON has none of them. JSON.stringify() would leave them out. */
const LOST = new Set(['function', 'symbol', 'bigint']);

const unusable = (step: string, why: string): JobUsageError =>
  new JobUsageError(
    `the result of step '${step}' ${why}; return little, as JSON can hold it, or nothing`,
  );
