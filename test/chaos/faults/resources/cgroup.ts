import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { undone } from '../undone';

/** A limit for a group of processes, which the kernel keeps. */
export interface Limit {
  readonly controller: 'memory' | 'cpu';
  /** File and value for control groups of version 1. */
  readonly first: Readonly<Record<string, string>>;
  /** The same for version 2. */
  readonly second: Readonly<Record<string, string>>;
}

/**
 * Holds processes below a limit during `body`. What they start meanwhile is held, too.
 * @param body gets the folder of the group
 */
export async function whileLimited<T>(
  limit: Limit,
  pids: readonly number[],
  body: (folder: string) => Promise<T>,
): Promise<T> {
  const { root, version } = found(limit.controller);
  const group = path.join(root, `lrm-chaos-${process.pid}-${++count}`);
  // In version 2, and where this runs in a group itself, they go back to where they came from.
  const home = homeOf(pids[0] ?? process.pid, limit.controller, root, version);
  const script =
    'for i in $(seq 100); do ' +
    'while read -r p; do echo "$p" > "$2/cgroup.procs"; done < "$1/cgroup.procs" 2>/dev/null; ' +
    'rmdir "$1" 2>/dev/null && exit 0; sleep 0.1; done; exit 1';
  mkdirSync(group);
  return undone(script, [group, home], async () => {
    for (const [file, value] of Object.entries(version === 1 ? limit.first : limit.second)) {
      writeFileSync(path.join(group, file), value);
    }
    for (const pid of pids) writeFileSync(path.join(group, 'cgroup.procs'), String(pid));
    return body(group);
  });
}

let count = 0;

/** Why no processes can be limited here. Undefined: they can. */
export function whyNoLimit(controller: Limit['controller']): string | undefined {
  try {
    found(controller);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function found(controller: Limit['controller']): { root: string; version: 1 | 2 } {
  if (process.getuid?.() !== 0) throw new Error('limits of control groups need root');
  const first = `/sys/fs/cgroup/${controller}`;
  if (existsSync(`${first}/cgroup.procs`)) return { root: first, version: 1 };
  const enabled = '/sys/fs/cgroup/cgroup.subtree_control';
  if (existsSync(enabled) && readFileSync(enabled, 'utf8').includes(controller)) {
    return { root: '/sys/fs/cgroup', version: 2 };
  }
  throw new Error(`the system has no control group for ${controller}`);
}

/** The group that a process is in now. */
function homeOf(pid: number, controller: string, root: string, version: 1 | 2): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
  const line = lines.find((each) =>
    version === 1 ? each.split(':')[1]?.split(',').includes(controller) : each.startsWith('0::'),
  );
  return path.join(root, line?.split(':').slice(2).join(':') ?? '/');
}
