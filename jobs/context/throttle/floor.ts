import { quantile } from './quantile';

/** What was measured earlier says nothing about now. Milliseconds. */
const FORGET_MS = 180_000;
/** The application's load changed by more than this factor: what was measured then is another load. */
const ALIKE = 2;
/** So small a difference is no other load. Transactions a second. */
const NEAR = 10;
/**
 * Not the least, which is mostly luck: the floor would be too low, and we too slow. A pause measures only ten
 * times. Of what is seen beside our work, most is too high.
 */
const DRAINED_PART = 0.4;
const SEEN_PART = 0.2;

interface Candidate {
  readonly ms: number;
  readonly at: number;
  /** How many transactions a second the application did. */
  readonly perSecond: number | undefined;
  readonly drained: boolean;
}

/**
 * What a latency is without us. Neither of its sources is enough. What is measured in a pause of ours
 * can be too high: the harm of what we wrote before outlasts it by some ten seconds (WAL, checkpoints).
 * And beside our work there may be no quiet moment. Our own load can only make a latency longer, so the
 * least of both is taken.
 */
export class Floor {
  #candidates: Candidate[] = [];

  /** @param drained whether no lane of ours worked meanwhile */
  add(ms: number, at: number, perSecond: number | undefined, drained: boolean): void {
    this.#candidates = this.#candidates.filter((each) => at - each.at <= FORGET_MS);
    this.#candidates.push({ ms, at, perSecond, drained });
  }

  /** What the last pause has shown, whatever the load was. */
  get drained(): number | undefined {
    return this.#candidates.findLast(({ drained }) => drained)?.ms;
  }

  /** @param perSecond what the application does now: without us, more load is slower, too */
  read(perSecond: number | undefined): number | undefined {
    const alike = this.#candidates.filter((each) => isAlike(each.perSecond, perSecond));
    const of = alike.length > 0 ? alike : this.#candidates;
    const values = (drained: boolean) =>
      of.filter((each) => each.drained === drained).map(({ ms }) => ms);
    const least = [quantile(values(true), DRAINED_PART), quantile(values(false), SEEN_PART)].filter(
      (ms) => ms !== undefined,
    );
    return least.length > 0 ? Math.min(...least) : undefined;
  }
}

function isAlike(then: number | undefined, now: number | undefined): boolean {
  if (then === undefined || now === undefined) return true;
  return then <= now * ALIKE + NEAR && now <= then * ALIKE + NEAR;
}
