import type { Attempt, Database } from '../attempt';
import { replicaBehind } from '../replicaLag';
import { hardStops } from './hardStops';
import { LoadSignals } from './loadSignals';
import type { Member } from './members';
import { NO_THROTTLE, type ResolvedThrottle, readThrottle, type Throttle } from './options';
import { PaceLoop } from './paceLoop';
import { type Check, lanesOf, type ThrottledWalk, Throttler } from './throttler';
import { unlessTrouble } from './unlessTrouble';

/** A walk over a table, as far as throttling is about it. */
export interface OfWalk {
  /** The OID of its table. */
  readonly tableId: string;
  readonly throttle: Throttle | undefined;
  readonly lanes: number | 'auto';
  /** The author's target time of a batch. Milliseconds. */
  readonly targetMs: number;
}

/** The throttling of an attempt's walks. Those that run at the same time share one pace. */
export class Throttles {
  /** One for each database: what is measured in one says nothing about another. */
  readonly #loops = new Map<Database, PaceLoop>();

  /** Does a walk with a throttler of its own. It never waits when the attempt is unthrottled. */
  async during<T>(
    attempt: Attempt,
    of: OfWalk,
    walk: (throttler: Throttler) => Promise<T>,
  ): Promise<T> {
    const throttle = attempt.unthrottled ? NO_THROTTLE : readThrottle(of.throttle);
    const { slowdown } = throttle;
    const member: Member = {
      lanes: of.lanes,
      batchMs: of.targetMs,
      slowdown: slowdown ?? 1,
    };
    const throttled = {
      attempt,
      throttle,
      member,
      checks: checksOf(attempt, of.tableId, throttle),
    };
    const lanes = await lanesOf(throttled);
    if (slowdown === undefined || attempt.dry) return walk(fixed(throttled, lanes));
    const loop = this.#loopOf(attempt);
    return loop.during(member, () => walk(new Throttler(throttled, lanes, loop)));
  }

  /** For a walk that gives the database little to do: it waits for reasons, and does not rest. */
  checking(
    attempt: Attempt,
    { tableId, throttle }: Pick<OfWalk, 'tableId' | 'throttle'>,
  ): Throttler {
    const resolved = attempt.unthrottled ? NO_THROTTLE : readThrottle(throttle);
    const member = { lanes: 1, batchMs: 0, slowdown: 1 };
    const checks = checksOf(attempt, tableId, resolved);
    return new Throttler({ attempt, throttle: NO_THROTTLE, member, checks }, 1, undefined);
  }

  #loopOf(attempt: Attempt): PaceLoop {
    const known = this.#loops.get(attempt.db);
    const loop = known ?? new PaceLoop(attempt, new LoadSignals(attempt));
    this.#loops.set(attempt.db, loop);
    return loop;
  }
}

const fixed = (throttled: ThrottledWalk, lanes: number): Throttler =>
  new Throttler(throttled, lanes, undefined);

function checksOf(
  { db, log }: Attempt,
  tableId: string,
  { lagMs, hardStops: stops, check }: ResolvedThrottle,
): readonly Check[] {
  return [
    ...(lagMs === undefined ? [] : [unlessTrouble(() => replicaBehind(db, lagMs))]),
    ...(stops ? hardStops({ db, log }, tableId, stops) : []),
    ...(check ? [async () => (await check()) || undefined] : []),
  ];
}
