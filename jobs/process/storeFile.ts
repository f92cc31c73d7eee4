import { createHash } from 'node:crypto';
import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { STORE } from './codeStore';

/**
 * Reads what another job process has written into the descriptor that the worker has given, and closes
 * it.
 * @param sum what {@link writeStore} returned
 * @returns undefined: it can't be read, or it is not what was written
 */
export function readStore(sum: string | undefined): Buffer | undefined {
  try {
    const bytes = readWhole();
    return sumOf(bytes) === sum ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes for the job processes to come, and closes the descriptor.
 * @returns the SHA-256 of what is in the store. Null: it could not be written
 */
export function writeStore(bytes: Uint8Array): string | null {
  try {
    try {
      write(bytes);
      // Of what should be there: a job of another process may write to the file at the same time.
      return sumOf(bytes);
    } finally {
      closeSync(STORE);
    }
  } catch {
    // No space left: the next job processes load everything from its files.
    return null;
  }
}

const sumOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function readWhole(): Buffer {
  try {
    const bytes = Buffer.alloc(fstatSync(STORE).size);
    // From an offset: all job processes have the same file, and one position in it.
    readSync(STORE, bytes, 0, bytes.length, 0);
    return bytes;
  } finally {
    closeSync(STORE);
  }
}

function write(bytes: Uint8Array): void {
  // What another one has left that was killed.
  ftruncateSync(STORE);
  for (let at = 0; at < bytes.length; ) at += writeSync(STORE, bytes, at, undefined, at);
}
