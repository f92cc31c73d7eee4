import type { BatchPace } from './batchTimes';
import type { Throttler } from './throttle/throttler';

/** How hard a walk works now. */
export const paceOf = ({
  lanesNow,
  batchMs,
  slowdown,
}: Pick<Throttler, 'lanesNow' | 'batchMs' | 'slowdown'>): BatchPace => ({
  lanes: lanesNow,
  batchSeconds: batchMs / 1_000,
  slowdown: slowdown ?? null,
});
