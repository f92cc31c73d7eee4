import { setTimeout as sleep } from 'node:timers/promises';

/** A terminal in raw mode sends Ctrl-C and Ctrl-D as characters. */
const QUIT = new Set(['q', 'Q', '\u0003', '\u0004']);

/** Repeats `work`, with `every` milliseconds between, until q, Ctrl-C or a signal. */
export async function untilQuit(every: number, work: () => Promise<void>): Promise<void> {
  const quit = new AbortController();
  const end = () => quit.abort();
  const release = listen(end);
  try {
    while (!quit.signal.aborted) {
      await work();
      await sleep(every, undefined, { signal: quit.signal }).catch(() => {});
    }
  } finally {
    release();
  }
}

function listen(end: () => void): () => void {
  const { stdin } = process;
  const onKey = (key: Buffer) => {
    if ([...key.toString()].some((character) => QUIT.has(character))) end();
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  if (stdin.isTTY) stdin.setRawMode(true).on('data', onKey).resume();
  return () => {
    process.off('SIGINT', end).off('SIGTERM', end);
    if (stdin.isTTY) stdin.setRawMode(false).off('data', onKey).pause();
  };
}
