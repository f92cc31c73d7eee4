import type { Random } from '../random';

/** How long a fault lasts: milliseconds, between so many seconds. */
export const lasts = (random: Random, from: number, upto: number): number =>
  random.integer(from * 1_000, upto * 1_000);

/** For the line that says what was done: '3.2 s'. */
export const inSeconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`;
