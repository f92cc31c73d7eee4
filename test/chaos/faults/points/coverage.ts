import type { Random } from '../../random';
import { POINTS, RARE_POINTS } from '../../wire/points/points';
import type { Point } from '../../wire/postgresWire';

/** How often a kind of fault has hit each point in this run. */
export class Coverage {
  readonly #done = new Map<string, number>();

  /** @param fits which of the points the kind can hit. Default: all */
  constructor(private readonly fits: (point: Point) => boolean = () => true) {}

  hit(point: Point): void {
    this.#done.set(textOf(point), this.#times(point) + 1);
  }

  /**
   * The points to try, those first that were hit least often. A long run so comes to every one.
   * @param passed the statements that have passed by now: one that nothing sends is not waited for
   */
  next(passed: Iterable<string>, random: Random): Point[] {
    const found = [...passed].filter((name) => KNOWN.has(name));
    const points = found.flatMap((name) => [point(name, 'before'), point(name, 'after')]);
    return points
      .filter(this.fits)
      .map((each) => ({ each, at: this.#times(each) + random.integer(0, FINE) / (FINE + 1) }))
      .sort((one, other) => one.at - other.at)
      .map(({ each }) => each);
  }

  #times(point: Point): number {
    return this.#done.get(textOf(point)) ?? 0;
  }
}

/** Enough to put points in an order of chance that were hit as often. */
const FINE = 1_000_000;

/** A worker's start is none: nothing has begun that could be lost. */
const KNOWN = new Set([...POINTS, ...RARE_POINTS].filter((name) => !name.startsWith('start: ')));

const point = (name: string, when: Point['when']): Point => ({ name, when });

/** 'before batch: commit'. */
export const textOf = ({ name, when }: Point): string => `${when} '${name}'`;
