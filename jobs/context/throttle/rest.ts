import { sleep } from '../walk/sleep';

/** The pace may have changed since, most of all when a long batch has to be rested for. Milliseconds. */
const LOOK_EVERY = 200;

/** How long a lane rests after work, in milliseconds. */
export function restMs(workedMs: number, dutyCycle: number): number {
  return workedMs * (1 / dutyCycle - 1);
}

/**
 * Rests after work, in proportion to it.
 * @param dutyNow the share of the time that a lane works. It may change meanwhile
 * @throws the signal's reason, as soon as the signal is aborted
 */
export async function rest(
  workedMs: number,
  dutyNow: () => number,
  signal: AbortSignal,
): Promise<void> {
  const begun = performance.now();
  const left = () => restMs(workedMs, dutyNow()) - (performance.now() - begun);
  for (let ms = left(); ms > 0; ms = left()) await sleep(Math.min(ms, LOOK_EVERY), signal);
}
