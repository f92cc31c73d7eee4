import type { Work } from './canary';
import { increments, type Mean, mean, rate, SECOND, sum, withoutOutliers } from './seconds';

/** One look at the database's counts. */
export interface Look {
  /** The server's clock. Milliseconds. */
  readonly at: number;
  /** Transactions that all sessions have ended, as far as they have reported them. */
  readonly ended: number;
  /** How long they were active. Milliseconds. Undefined when the server does not tell. */
  readonly activeMs: number | undefined;
  /** What we have done so far. */
  readonly ours: Work;
  /** Attempts of ours that work now. */
  readonly attempts: number;
}

/** Seconds that the mean time of the application's transactions is taken over. */
const SMOOTHED_OVER = 10;
/** With fewer, it would be noise. */
const AT_LEAST = 5;
/** So long after its last transaction, an idle session of ours has surely reported it. */
const LOOKED_BACK = 13;
/** Transactions a second that are nobody: monitoring, autovacuum, our workers' heartbeats. */
const HANDFUL = 5;
/** And for each attempt: its heartbeats, look-ups and progress, which it does not count. */
const A_HANDFUL_MORE = 2;
/** How exactly our own transactions can be taken off: their part that may be missing or too many. */
const INEXACT = 0.03;
/** Of the time that we keep the server active, this part can't be told from the application's. */
const INEXACT_MS = 0.05;
/** Fewer transactions have no mean worth its name. */
const FEWEST = 50;
/**
 * A session that does nothing more reports the last of its counts after ten seconds (Postgres 15 and
 * later). That is nobody who has come back. Milliseconds since the load's end, with some room.
 */
const LATE_FROM = 8_000;
const LATE_TO = 14_000;

/**
 * What others do in this database: all that it counts, less what we did.
 *
 * Sessions report at most once a second. We know at once what we did, so it is taken off only by and by,
 * as our sessions report it: each commit evenly over the second after it. What is too much or too little
 * at one time is evened out by looking at seconds, and not at moments.
 */
export class ForeignLoad {
  #looks: Look[] = [];
  #means: readonly Mean[] = [];
  #nobody = false;
  /** Whether there was a load that can have ended. */
  #somebody = false;
  #endedAt: number | undefined;

  add(look: Look): void {
    const last = this.#looks.at(-1);
    // Somebody has reset the statistics, or we could not look for long.
    if (last && (look.ended < last.ended || look.at - last.at > 2 * SECOND || look.at < last.at)) {
      this.#looks = [];
      this.#nobody = false;
    }
    const from = look.at - (LOOKED_BACK + 2) * SECOND;
    this.#looks = [...this.#looks.filter(({ at }) => at >= from), look];
    this.#means = this.#secondMeans(look.at);
    this.#decide(look);
  }

  /** Transactions a second that others end. Undefined until there is enough to go by. */
  get perSecond(): number | undefined {
    return rate(this.#means, 0, 2);
  }

  /** True when nobody else has done more than a handful for some seconds. */
  get nobodyThere(): boolean {
    return this.#nobody;
  }

  /** How long one of their transactions is active: the mean. Milliseconds. */
  get ms(): number | undefined {
    const seconds = increments(this.#means.slice(0, SMOOTHED_OVER + 1));
    if (this.#nobody || seconds.length < AT_LEAST) return undefined;
    const regular = withoutOutliers(seconds);
    const commits = sum(regular.map((each) => each.commits));
    const activeMs = sum(regular.map((each) => each.activeMs));
    const oursMs = sum(regular.map((each) => each.oursMs));
    if (commits < FEWEST || !(activeMs > oursMs * INEXACT_MS)) return undefined;
    return activeMs / commits;
  }

  #decide({ at, attempts }: Look): void {
    const ours = rateOfOurs(this.#looks);
    const limit = HANDFUL + A_HANDFUL_MORE * attempts + INEXACT * ours;
    if (this.#nobody) {
      if (this.#isBack(2 * limit, at)) this.#nobody = false;
      return;
    }
    this.#somebody ||= (rate(this.#means, 0, 3) ?? 0) >= limit;
    const lately = rate(this.#means, 0, 3) ?? rate(this.#means, 0, 2);
    const now = rate(this.#means, 0, 1);
    if (lately === undefined || now === undefined || lately >= limit || now >= 2 * limit) return;
    this.#nobody = true;
    if (this.#somebody) this.#endedAt = at - 3 * SECOND;
    this.#somebody = false;
  }

  #isBack(limit: number, at: number): boolean {
    const above = (from: number, to: number) => (rate(this.#means, from, to) ?? 0) > limit;
    if (!above(0, 2)) return false;
    // A session of ours that has been idle reports late, too. Before that, it was taken off too early.
    const [last, first] = [this.#means[0], this.#means.at(-1)];
    if (last && first && last.commits - first.commits < limit) return false;
    const since = at - (this.#endedAt ?? Number.NEGATIVE_INFINITY);
    const late = since >= LATE_FROM && since <= LATE_TO;
    return !late || (above(0, 1) && above(1, 2) && above(2, 3));
  }

  /** What is not ours, as a mean of each of the last seconds, the last one first. */
  #secondMeans(now: number): Mean[] {
    const first = this.#looks[0]?.at ?? now;
    const means: Mean[] = [];
    for (let second = 0; second <= LOOKED_BACK; second++) {
      const to = now - second * SECOND;
      const inside = this.#looks.filter(({ at }) => at <= to && at > to - SECOND);
      // Before that, what we did a second earlier is not known.
      if (inside.length === 0 || to - SECOND < first) break;
      means.push({
        at: mean(inside.map(({ at }) => at)),
        commits: mean(inside.map((each) => each.ended - this.#reported(each.at, 'commits'))),
        activeMs: mean(
          inside.map((each) => (each.activeMs ?? Number.NaN) - this.#reported(each.at, 'activeMs')),
        ),
        oursMs: mean(inside.map(({ ours }) => ours.activeMs)),
      });
    }
    return means;
  }

  /** What of our work our sessions have reported at that time: its mean over the second before. */
  #reported(at: number, what: keyof Work): number {
    const points = this.#looks.filter((each) => each.at <= at && each.at >= at - SECOND);
    return mean(points.map(({ ours }) => ours[what]));
  }
}

function rateOfOurs(looks: readonly Look[]): number {
  const [first, last] = [looks.at(-20) ?? looks[0], looks.at(-1)];
  if (!first || !last || last.at <= first.at) return 0;
  return ((last.ours.commits - first.ours.commits) / (last.at - first.at)) * SECOND;
}
