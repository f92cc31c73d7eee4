import { deserialize, serialize } from 'node:v8';
import { JobUsageError } from '../../context/jobUsageError';

/**
 * Makes values fit to be sent to another thread. Not left to postMessage(): it would turn each Buffer
 * into a plain Uint8Array, and a result that can't be sent would end its thread.
 * @throws JobUsageError for a value that can't be sent, such as a function
 */
export function pack(values: readonly unknown[], module: string): Uint8Array {
  try {
    return serialize(values);
  } catch {
    // The error itself quotes the value.
    throw new JobUsageError(
      `job.map: a row or a result of ${module} can't be sent between threads; use plain values, no functions`,
    );
  }
}

/** The values that were packed. */
export const unpack = (packed: Uint8Array): unknown[] => deserialize(packed) as unknown[];
