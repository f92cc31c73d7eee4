import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { warn } from '../terminal/output';
import type { Trouble } from './runTrouble';
import { readRun } from './state';

/** Each look is two calls to Temporal. Milliseconds. */
const LOOK_EVERY = 5_000;

/** While `work` waits for the run, says what keeps the run from going on: each thing once. */
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
  let said: Trouble['kind'] | undefined;
  while (!done.aborted) {
    // Who waits for the run hears it when Temporal is away.
    const found = await readRun(client).catch(() => undefined);
    const trouble = found?.trouble;
    if (trouble && trouble.kind !== said && !done.aborted) warn(trouble.line);
    said = trouble?.kind;
    await sleep(LOOK_EVERY, undefined, { signal: done }).catch(() => {});
  }
}
