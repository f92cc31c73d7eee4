import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { warn } from '../terminal/output';
import type { Trouble } from './runTrouble';
import { readRun } from './state';

/** Each look is two calls to Temporal, so it is not done more often. Milliseconds. */
const LOOK_EVERY = 5_000;

/** While `work` waits for the run, warns of what keeps the run from going on, once for each kind. */
export async function sayTroubles<T>(client: Client, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const looking = look(client, done.signal);
  try {
    return await work();
  } finally {
    done.abort();
    await looking;
  }
}

async function look(client: Client, done: AbortSignal): Promise<void> {
  let reported: Trouble['kind'] | undefined;
  while (!done.aborted) {
    // `work` itself fails when Temporal can't be reached.
    const found = await readRun(client).catch(() => undefined);
    const trouble = found?.trouble;
    if (trouble && trouble.kind !== reported && !done.aborted) warn(trouble.line);
    reported = trouble?.kind;
    await sleep(LOOK_EVERY, undefined, { signal: done }).catch(() => {});
  }
}
