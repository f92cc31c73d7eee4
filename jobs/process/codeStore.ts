import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** File descriptor of the store in a job process. It is closed before a job is loaded. */
export const STORE = 14;

/** What a job process does with the store. */
export type StoreUse = 'read' | 'write';

/** The store for one job process. */
export interface GivenStore {
  readonly use: StoreUse;
  readonly fd: number;
}

/**
 * What a worker's job processes have in common: the modules that all of them load, and what V8 has
 * compiled of them. The first spare job process writes it, the later ones start in half the time.
 *
 * A file without a name: it is gone with the last process that has it open, however that ends, and
 * nothing is left that another user could change or a later version could read.
 */
export class CodeStore {
  private fd: number | undefined;
  private writing = false;

  constructor(private readonly folder = tmpdir()) {}

  /** For a job process that is about to start. Undefined: it loads everything from its files. */
  give(mayWrite: boolean): GivenStore | undefined {
    if (hasHooks()) return undefined;
    if (this.fd !== undefined && isWritten(this.fd)) return { use: 'read', fd: this.fd };
    if (!mayWrite || this.writing) return undefined;
    this.fd ??= open(this.folder);
    if (this.fd === undefined) return undefined;
    this.writing = true;
    return { use: 'write', fd: this.fd };
  }

  /** The job process that was to write it has ended. If it did not, another one may. */
  released(given: GivenStore | undefined): void {
    if (given?.use === 'write') this.writing = false;
  }
}

/** Of this process. Each inspection and each attempt loads the same. */
export const codeStore = new CodeStore();

/** What the options of Node add to its loader (instrumentation, compilers) must see each file. */
const hasHooks = (): boolean =>
  [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)].some((option) =>
    /^(-r$|--require|--import|--loader|--experimental-loader)/.test(option),
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

function isWritten(fd: number): boolean {
  const first = Buffer.alloc(1);
  return readSync(fd, first, 0, 1, 0) === 1 && first[0] === 1;
}
