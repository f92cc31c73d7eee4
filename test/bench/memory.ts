import { readFileSync } from 'node:fs';

/** Reading it costs a few milliseconds of what is measured. */
const LOOK_EVERY = 250;

/**
 * Watches a process and those it has started (Linux only). The returned function ends that, and
 * tells the most that was seen: MiB of all of them, pages that they share counted once.
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

function proportional(pid: number): number {
  const kibibytes = /^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1];
  return Number(kibibytes ?? 0) / 1024;
}

function children(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

/** Nothing where the process has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, each) => all + each, 0);
