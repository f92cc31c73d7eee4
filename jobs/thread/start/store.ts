import { closeSync, fstatSync, readSync, writeSync } from 'node:fs';
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

/** Two numbers: whether everything is written, and the size of the list of entries, which comes last. */
const HEADER = 8;

/** Reads the modules from the descriptor that the worker has given. Undefined: it can't be read. */
export function readStore(): readonly StoredModule[] | undefined {
  try {
    const bytes = Buffer.allocUnsafe(fstatSync(STORE).size);
    // From an offset: all job processes have the same file, and one position in it.
    readSync(STORE, bytes, 0, bytes.length, 0);
    closeSync(STORE);
    const list = bytes.toString('utf8', bytes.length - bytes.readUInt32LE(4));
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

/** Writes the modules for the job processes to come. Then no job can write to the file any more. */
export function writeStore(modules: readonly StoredModule[]): void {
  try {
    const parts: Buffer[] = [];
    const entries = modules.map(({ source, code, ...module }): Entry => {
      const encoding = isLatin1(source) ? 'latin1' : 'utf16le';
      const text = Buffer.from(source, encoding);
      parts.push(text, code);
      return { ...module, encoding, source: text.length, code: code.length };
    });
    const list = Buffer.from(JSON.stringify(entries));
    write(Buffer.concat([...parts, list]), HEADER);
    const header = Buffer.alloc(HEADER);
    header.writeUInt32LE(1, 0);
    header.writeUInt32LE(list.length, 4);
    write(header, 0);
  } catch {
    // No space left: the next job processes load everything from its files.
  }
  closeSync(STORE);
}

/** V8 keeps such a text in half the memory, and reads it faster. */
const isLatin1 = (text: string): boolean => Buffer.from(text, 'latin1').toString('latin1') === text;

function write(bytes: Buffer, to: number): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(STORE, bytes, at, undefined, to + at);
}
