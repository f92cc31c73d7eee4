import { randomUUID } from 'node:crypto';
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** File descriptor of the store in a job process. It is closed before a job is loaded. */
export const STORE = 14;

/** The store for one job process, and what it does with it. */
export type GivenStore =
  | { readonly use: 'write'; readonly fd: number }
  /** `sum`: the SHA-256 of what was written. */
  | { readonly use: 'read'; readonly fd: number; readonly sum: string };

/**
 * What a worker's job processes have in common: the modules that all of them load, and what V8 has
 * compiled of them. The first spare job process writes it, the later ones start in half the time.
 *
 * A file without a name: it is gone with the last process that has it open, however that ends, and
 * nothing is left that another user could change or a later version could read. But a job could open
 * it by way of /proc, and write code that the next job process runs. So the one that writes it sends
 * a sum of what it has written before any job's code runs in it, and the later ones compare.
 */
export class CodeStore {
  private fd: number | undefined;
  /** The job process that is to write it. */
  private writer: GivenStore | undefined;
  private sum: string | undefined;

  constructor(private readonly folder = tmpdir()) {}

  /** For a job process that is about to start. Undefined: it loads everything from its files. */
  give(mayWrite: boolean): GivenStore | undefined {
    if (hasHooks()) return undefined;
    const { fd, sum } = this;
    if (fd !== undefined && sum !== undefined) return { use: 'read', fd, sum };
    if (!mayWrite || this.writer) return undefined;
    this.fd ??= open(this.folder);
    if (this.fd === undefined) return undefined;
    this.writer = { use: 'write', fd: this.fd };
    return this.writer;
  }

  /**
   * Only the first call for the job process that was to write it counts: a job could send the others.
   * @param sum null: it could not be written
   */
  written(given: GivenStore | undefined, sum: string | null): void {
    if (!given || given !== this.writer) return;
    this.writer = undefined;
    this.sum = sum ?? undefined;
  }

  /** The job process has ended. If it was to write the store and did not, another one may. */
  released(given: GivenStore | undefined): void {
    this.written(given, null);
  }
}

/** Of this process. Each inspection and each attempt loads the same. */
export const codeStore = new CodeStore();

/**
 * What the options of Node add to its loader (instrumentation, compilers) must see each file. Node
 * takes quotes and backslashes in NODE_OPTIONS, and an underscore for a hyphen. A path that only looks
 * like such an option costs nothing but speed.
 */
const hasHooks = (): boolean =>
  [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)].some((option) =>
    /^(-r|--(require|import|loader|experimental-loader))/.test(
      option.replace(/["\\]/g, '').replaceAll('_', '-'),
    ),
  );

function open(folder: string): number | undefined {
  const file = path.join(folder, `lrm-code-${randomUUID()}`);
  try {
    const fd = openSync(file, 'wx+', 0o600);
    try {
      unlinkSync(file);
      return fd;
    } catch {
      closeSync(fd);
      return undefined;
    }
  } catch {
    // Nothing can be written there. It is only a matter of speed.
    return undefined;
  }
}
