import type { Settings } from '../../settings/settings';

/**
 * Wait before the next attempt after `failures` in a row, in milliseconds: the initial interval,
 * doubled with each further failure, up to the maximum. Reckoned from our own count and not by
 * Temporal's policy, which would also slow down the replacement of a lost worker.
 */
export function retryDelay(
  settings: Pick<Settings, 'LRM_RETRY_INITIAL_INTERVAL' | 'LRM_RETRY_MAXIMUM_INTERVAL'>,
  failures: number,
): number {
  const doubled = settings.LRM_RETRY_INITIAL_INTERVAL * 2 ** Math.min(failures - 1, 30);
  return Math.min(doubled, settings.LRM_RETRY_MAXIMUM_INTERVAL);
}
