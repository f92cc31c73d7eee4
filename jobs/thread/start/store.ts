import { createHash } from 'node:crypto';
import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { STORE } from '../../process/codeStore';

/** A module's source and what V8 has made of it. */
export interface StoredModule {
  readonly file: string;
  /** Of the file when it was read. A store with an older version of it is not used. */
  readonly size: number;
  readonly modified: number;
  readonly source: string;
  readonly code: Buffer;
  /** The file that each of its require() calls found, by what is required. */
  readonly requires: Readonly<Record<string, string>>;
}

/** The sizes of a module's parts in the store, where they follow each other. Bytes. */
interface Entry extends Omit<StoredModule, 'source' | 'code'> {
  readonly source: number;
  readonly encoding: 'latin1' | 'utf16le';
  readonly code: number;
}

/** A number: the size of the list of entries, which comes last. */
const HEADER = 4;

/**
 * Reads the modules from the descriptor that the worker has given, and closes it.
 * @param sum what {@link writeStore} returned
 * @returns undefined: it can't be read, or it is not what was written
 */
export function readStore(sum: string | undefined): readonly StoredModule[] | undefined {
  try {
    const bytes = readWhole();
    if (sumOf(bytes) !== sum) return undefined;
    const list = bytes.toString('utf8', bytes.length - bytes.readUInt32LE());
    let at = HEADER;
    const next = (length: number) => {
      at += length;
      return bytes.subarray(at - length, at);
    };
    return (JSON.parse(list) as Entry[]).map(({ source, code, encoding, ...entry }) => ({
      ...entry,
      source: next(source).toString(encoding),
      code: next(code),
    }));
  } catch {
    return undefined;
  }
}

/**
 * Writes modules for the job processes to come, and closes the descriptor.
 * @param modules gives them
 * @returns the SHA-256 of all that is in the store. Null: it could not be written
 */
export function writeStore(modules: () => readonly StoredModule[]): string | null {
  try {
    try {
      const whole = pack(modules());
      write(whole);
      // Of what should be there: a job of another process may write to the file at the same time.
      return sumOf(whole);
    } finally {
      closeSync(STORE);
    }
  } catch {
    // No space left: the next job processes load everything from its files.
    return null;
  }
}

function pack(modules: readonly StoredModule[]): Buffer {
  const parts: Buffer[] = [];
  const entries = modules.map(({ source, code, ...module }): Entry => {
    const encoding = isLatin1(source) ? 'latin1' : 'utf16le';
    const text = Buffer.from(source, encoding);
    parts.push(text, code);
    return { ...module, encoding, source: text.length, code: code.length };
  });
  const list = Buffer.from(JSON.stringify(entries));
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(list.length);
  return Buffer.concat([header, ...parts, list]);
}

const sumOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** V8 keeps such a text in half the memory, and reads it faster. */
const isLatin1 = (text: string): boolean => Buffer.from(text, 'latin1').toString('latin1') === text;

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

function write(bytes: Buffer): void {
  // What another one has left that was killed.
  ftruncateSync(STORE);
  for (let at = 0; at < bytes.length; ) at += writeSync(STORE, bytes, at, undefined, at);
}
