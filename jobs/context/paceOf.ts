import type { BatchPace } from './batchTimes';
import type { Throttler } from './throttle/throttler';

/** In the text of a pace, see applicationText(). */
const SLOWDOWN = /application (\d+(?:\.\d+)?) ×/;

/** How hard a walk works now. */
export function paceOf(throttler: Pick<Throttler, 'lanesNow' | 'batchMs' | 'details'>): BatchPace {
  const [, slowdown] = SLOWDOWN.exec(String(throttler.details['throttle'] ?? '')) ?? [];
  return {
    lanes: throttler.lanesNow,
    batchSeconds: throttler.batchMs / 1_000,
    slowdown: slowdown === undefined ? null : Number(slowdown),
  };
}
