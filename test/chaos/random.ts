import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Pseudo-random numbers that a seed determines. */
export interface Random {
  /** An integer from `from` to `to`, both included. */
  integer(from: number, to: number): number;
  /** One of them. @throws Error when there is none */
  pick<T>(choices: readonly T[]): T;
  /** True in `share` (0–1) of all calls. */
  chance(share: number): boolean;
  /** Another sequence, determined by this seed and the name, whatever is taken from this one. */
  fork(name: string): Random;
}

/** @param seed any text; the same text gives the same numbers */
export function createRandom(seed: string): Random {
  const generator = xoroshiro128plus(createHash('sha256').update(seed).digest().readInt32LE());
  const integer = (from: number, to: number) => uniformInt(generator, from, to);
  return {
    integer,
    pick: (choices) => {
      const chosen = choices[integer(0, Math.max(0, choices.length - 1))];
      if (chosen === undefined) throw new Error('nothing to pick from');
      return chosen;
    },
    chance: (share) => integer(1, RESOLUTION) <= share * RESOLUTION,
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}

const RESOLUTION = 1_000_000;
