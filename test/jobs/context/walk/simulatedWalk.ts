import fc from 'fast-check';
import { BatchSize, type SizeBounds } from '../../../../jobs/context/walk/batchSize';

/** What batches cost in a simulated database. */
export interface Cost {
  /** Milliseconds of each batch. */
  readonly fixed: number;
  /** Milliseconds of each row. */
  readonly perRow: number;
}

export interface Simulation extends Cost {
  readonly target: number;
  /** Times differ by up to this part, upwards and downwards. */
  readonly noise: number;
  /** How many ranges are looked up in advance, and so have an older size. */
  readonly lag: number;
  readonly first: number;
  readonly seed: number;
}

export const bounds: SizeBounds = { min: 1, max: 20_000 };

/** From almost nothing to half a second for each batch, and from a microsecond to 50 ms for a row. */
export const simulations = fc.record<Simulation>({
  fixed: fc.oneof(fc.constant(0), between(0.2, 500)),
  perRow: between(0.001, 50),
  target: between(2, 1_000),
  noise: fc.double({ min: 0, max: 0.2, noNaN: true }),
  lag: fc.nat(3),
  first: fc.constantFrom(1, 10, 100),
  seed: fc.integer(),
});

/** A walk whose batches are only timed. */
export class SimulatedWalk {
  readonly size: BatchSize;
  /** The numbers of rows of all batches so far. */
  readonly batches: number[] = [];
  cost: Cost;
  readonly #ranges: number[];
  readonly #random: () => number;

  constructor(private readonly simulation: Simulation) {
    const { target, first, lag, seed } = simulation;
    this.cost = simulation;
    this.size = new BatchSize(bounds, target, first);
    this.#ranges = Array.from({ length: lag + 1 }, () => this.size.rows);
    this.#random = random(seed);
  }

  /** Does so many batches. `times` makes their time so many times as long: a checkpoint. */
  run(batches: number, times = 1): this {
    for (let i = 0; i < batches; i++) {
      const rows = this.#ranges.shift() as number;
      const { noise } = this.simulation;
      this.size.took(rows, this.ms(rows) * times * (1 + noise * (2 * this.#random() - 1)));
      this.#ranges.push(this.size.rows);
      this.batches.push(rows);
    }
    return this;
  }

  /** The time of a batch without noise. */
  ms(rows: number): number {
    return this.cost.fixed + this.cost.perRow * rows;
  }

  /** The number of rows that batches should have. */
  get ideal(): number {
    const { fixed, perRow } = this.cost;
    const rows = (Math.max(this.size.targetMs, 2 * fixed) - fixed) / perRow;
    return Math.max(bounds.min, Math.min(bounds.max, rows));
  }

  /** The time of the largest one of the last batches, as a part of what it should be. */
  get largest(): number {
    return this.ms(Math.max(...this.batches.slice(-5))) / this.ms(this.ideal);
  }
}

/** As many small values as large ones. */
export function between(least: number, most: number): fc.Arbitrary<number> {
  const [min, max] = [Math.log(least), Math.log(most)];
  return fc.double({ min, max, noNaN: true }).map((log) => Math.exp(log));
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
