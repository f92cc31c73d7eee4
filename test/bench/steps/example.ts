import type { Moment } from '../backfill';
import type { Sample } from '../load/thread';
import { ALONE, type Course, LOOP, steppingPhases, ways } from './course';

/** Seconds of each phase. */
export const SECONDS = 5;
export const PHASES = steppingPhases(SECONDS);

/** A backfill that slows down while somebody is there, and an application that notices it. */
export function courseOf(ms: (at: number) => number, speed: (at: number) => number): Course {
  const samples: Sample[] = [];
  for (let at = 5_000; at < 15_000; at += at < 10_000 ? 10 : 4) samples.push({ at, ms: ms(at) });
  const moments: Moment[] = [{ at: 0, done: 0, lanes: 1, duty: 1, batchMs: 100 }];
  for (let at = 100; at <= 20_000; at += 100) {
    const done = (moments.at(-1)?.done ?? 0) + speed(at - 50) / 10;
    moments.push({ at, done, lanes: at < 5_000 ? 2 : 1, duty: 0.5, batchMs: 5 });
  }
  return { samples: { elsewhere: samples, sameTable: samples }, moments };
}

/** The loop needs a second after each step. All others are never within the budget. */
function example(name: string): Course {
  if (name === ALONE) return { ...courseOf(constantly(1), constantly(0)), moments: [] };
  if (name !== LOOP) return courseOf(constantly(3), constantly(3e5));
  const harm = (at: number) => (at % 5_000 < 1_000 ? 4 : 1.1);
  const isSlow = (at: number) => at >= 5_000 && at < 17_000;
  return courseOf(harm, (at) => (isSlow(at) ? 1e5 : 4e5));
}

const constantly = (value: number) => () => value;

export const round: Readonly<Record<string, Course>> = Object.fromEntries(
  Object.keys(ways).map((name) => [name, example(name)]),
);
