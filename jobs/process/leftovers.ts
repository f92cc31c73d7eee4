import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getPriority } from 'node:os';
import { cachedDataVersionTag } from 'node:v8';
import type { JobThread } from './jobThread';

/** More than at the start. MiB. */
const GROWTH_AT_MOST = 64;

/**
 * What an attempt can leave in its process when its thread has ended. The end of a thread takes its
 * memory, modules, timers, sockets and threads away, with all that it has changed of the language and
 * of Node's modules, and `process.env` is a copy of each thread. What is left is looked at here, by what
 * the kernel says of this process. Where that can't be read (there is no /proc), the process counts as
 * not clean.
 */
export class Leftovers {
  private readonly memory = process.memoryUsage.rss();
  private readonly libraries = libraries();
  private readonly before: string | undefined;

  /** @param closing a descriptor that this process is about to close */
  constructor(closing?: number) {
    this.before = lookAtProcess(closing);
  }

  /**
   * Whether the process may be used again when the attempt's thread has ended. Call it before: Node
   * closes the native modules of a thread with it.
   */
  mayRenew(thread: JobThread): boolean {
    return !thread.mayOutlive && this.libraries !== undefined && libraries() === this.libraries;
  }

  /** Whether the process is as it was. Call it when the thread has ended. */
  isClean(thread: JobThread): boolean {
    const grown = (process.memoryUsage.rss() - this.memory) / 2 ** 20;
    const now = lookAtProcess();
    const same = this.before !== undefined && now === this.before;
    // It was going on while mayRenew() looked.
    return same && !thread.mayOutlive && grown <= GROWTH_AT_MOST;
  }
}

/**
 * The files whose native code is loaded. Undefined: they can't be read, or one is a native module, which
 * may have threads of its own, and keeps its state for the process.
 */
function libraries(): string | undefined {
  try {
    const maps = readFileSync('/proc/self/maps', 'utf8');
    const files = [...maps.matchAll(/^\S+ ..x\S* \S+ \S+ [1-9]\d* +(.*)$/gm)].map(
      ([, file]) => file ?? '',
    );
    // A file may be gone since, as after an upgrade.
    if (files.some((file) => /\.node(?: \(deleted\))?$/.test(file))) return undefined;
    return [...new Set(files.filter((file) => !NAME_SERVICES.test(file)))].sort().join('\n');
  } catch {
    return undefined;
  }
}

/** The C library loads them when a host is looked up for the first time. */
const NAME_SERVICES = /\/lib(?:nss_\w+|resolv)\b[^/]*$/;

/** All of it as one text. Undefined: it can't be read. */
function lookAtProcess(except?: number): string | undefined {
  try {
    return JSON.stringify([
      childFaults(),
      children(),
      descriptors(except),
      // v8.setFlagsFromString() holds for the whole process.
      cachedDataVersionTag(),
      getPriority(),
      reports(),
      ...SETTINGS.map(setting),
    ]);
  } catch {
    return undefined;
  }
}

/** What a process can change by writing to a file, of itself or of its group. */
const SETTINGS = ['oom_score_adj', 'cgroup'];

function setting(name: string): string {
  try {
    return readFileSync(`/proc/self/${name}`, 'utf8');
  } catch {
    // This kernel has no such setting.
    return '';
  }
}

/** A thread can say what is reported of a crash, and where: it holds for the whole process. */
function reports(): unknown {
  const { compact, directory, filename, signal } = process.report;
  const { reportOnFatalError, reportOnSignal, reportOnUncaughtException } = process.report;
  const when = [reportOnFatalError, reportOnSignal, reportOnUncaughtException];
  return [compact, directory, filename, signal, ...when];
}

/**
 * Page faults of children that were waited for: more than none for each. They may have left
 * grandchildren.
 */
function childFaults(): readonly string[] {
  // After the name, which may hold anything.
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  const [own, ofChildren = '', , majorOfChildren = ''] = fields.slice(7);
  // Some sandboxes count nothing.
  if (!(Number(own) > 0)) throw new Error('page faults are not counted');
  return [ofChildren, majorOfChildren];
}

/** IDs of children that live, or that nobody has waited for. Some kernels don't list them. */
function children(): string {
  return readdirSync('/proc/self/task')
    .map((task) => setting(`task/${task}/children`))
    .join('');
}

/** Open files and what they are: a job may have opened, closed or replaced some. */
function descriptors(except: number | undefined): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    if (Number(fd) === except) return [];
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`];
    } catch {
      // That of the folder itself, which is closed by now.
      return [];
    }
  });
}
