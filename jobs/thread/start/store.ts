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

/** @returns undefined: it is not what {@link pack} has made */
export function unpack(bytes: Buffer): readonly StoredModule[] | undefined {
  try {
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

export function pack(modules: readonly StoredModule[]): Buffer {
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

/** V8 keeps such a text in half the memory, and reads it faster. */
const isLatin1 = (text: string): boolean => Buffer.from(text, 'latin1').toString('latin1') === text;
