import { readFileSync } from 'node:fs';

/** Not more often, because each reading takes a few milliseconds of the measured time. */
const LOOK_EVERY = 250;

/**
 * Watches the memory of a process and its children (Linux only). The returned function stops that
 * and returns the maximum in MiB. Shared pages count once.
 */
export function watchMemory(pid: number): () => number {
  let most = Number.NaN;
  const look = () => {
    const now = sum([pid, ...children(pid)].map(proportional));
    if (!(now <= most)) most = now;
  };
  const timer = setInterval(look, LOOK_EVERY);
  return () => {
    clearInterval(timer);
    return most;
  };
}

/** The memory of a process, and of its children together, in MiB (Linux only). */
export function memoryOf(pid: number): { own: number; children: number } {
  return { own: proportional(pid), children: sum(children(pid).map(proportional)) };
}

function proportional(pid: number): number {
  const kibibytes = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
  return Number(kibibytes ?? 0) / 1024;
}

function children(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Empty when the process has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
