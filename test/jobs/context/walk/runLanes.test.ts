import { expect, test } from '@jest/globals';
import { runLanes } from '../../../../jobs/context/walk/lanes';

const never = new AbortController().signal;

/** Settles when the signal is aborted. */
const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

test('runLanes starts every lane and waits for all of them', async () => {
  let ended = 0;
  await runLanes(3, never, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    ended += 1;
  });
  expect(ended).toBe(3);
});

test('runLanes stops the other lanes when one fails, and throws its error', async () => {
  let started = 0;
  let stopped = 0;
  const running = runLanes(3, never, async (stop) => {
    started += 1;
    if (started === 3) throw new Error('one of three');
    await aborted(stop);
    stopped += 1;
  });
  await expect(running).rejects.toThrow('one of three');
  expect(stopped).toBe(2);
});

test("runLanes throws the outer signal's reason, whatever the lanes end with", async () => {
  const stopping = new AbortController();
  const reason = new Error('time is up');
  const running = runLanes(2, stopping.signal, async (stop) => {
    await aborted(stop);
    throw new Error('the lane was stopped');
  });
  stopping.abort(reason);
  await expect(running).rejects.toBe(reason);
});
