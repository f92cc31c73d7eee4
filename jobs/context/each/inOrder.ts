/** Work that begins in order, runs at the same time, and is passed in order. */
export interface InOrder<T> {
  /** Gives what is to be done. It must end with an error soon after `stop` is aborted. */
  source(stop: AbortSignal): AsyncIterable<T>;
  work(item: T, stop: AbortSignal): Promise<unknown>;
  /** How many of them are done at the same time. */
  readonly concurrency: number;
  /** How many may be begun from the oldest one on that is not passed. */
  readonly ahead: number;
  /** Called for each item in order, one call at a time, when it and all before it are done. */
  passed(item: T): Promise<void>;
}

interface Begun<T> {
  readonly item: T;
  done: boolean;
}

/**
 * Does the work of all items. When one fails or the signal is aborted, no other one is begun.
 * Nothing is still running when this returns, and each item has been passed that is done and comes
 * before all others.
 * @throws the first error of the work, the source or `passed`, or else the signal's reason.
 */
export async function runInOrder<T>(signal: AbortSignal, task: InOrder<T>): Promise<void> {
  const failures: unknown[] = [];
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const fail = (error: unknown) => {
    failures.push(error);
    failed.abort(error);
  };

  /** In order. The first one is the oldest that is not passed. */
  const begun: Begun<T>[] = [];
  let running = 0;
  let changed = () => {};
  const change = () => new Promise<void>((resolve) => (changed = resolve));

  // After an error nothing more is passed: each step waits for the one before.
  let passing = Promise.resolve();
  const passDone = () => {
    passing = passing.then(async () => {
      for (let first = begun[0]; first?.done; first = begun[0]) {
        await task.passed(first.item);
        begun.shift();
        changed();
      }
    });
    passing.catch(fail).then(() => changed());
  };

  const begin = async (entry: Begun<T>) => {
    begun.push(entry);
    running += 1;
    try {
      await task.work(entry.item, stop);
      entry.done = true;
    } catch (error) {
      fail(error);
    }
    running -= 1;
    passDone();
    changed();
  };

  const isFull = () => running >= task.concurrency || begun.length >= task.ahead;
  try {
    for await (const item of task.source(stop)) {
      if (stop.aborted) break;
      void begin({ item, done: false });
      while (isFull() && !stop.aborted) await change();
      if (stop.aborted) break;
    }
  } catch (error) {
    fail(error);
  }
  while (running > 0) await change();
  await passing.catch(fail);
  if (failures.length > 0) throw failures[0];
  signal.throwIfAborted();
}
