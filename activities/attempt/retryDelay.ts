import type { Settings } from '../../settings/settings';

/**
 * The wait before the next attempt, in milliseconds: the initial interval, doubled with each further
 * failure in a row, up to the maximum. Temporal's retry policy is not used, since it would also delay
 * the attempt that replaces one of a lost worker.
 */
export function retryDelay(
  settings: Pick<Settings, 'LRM_RETRY_INITIAL_INTERVAL' | 'LRM_RETRY_MAXIMUM_INTERVAL'>,
  failures: number,
): number {
  const doubled = settings.LRM_RETRY_INITIAL_INTERVAL * 2 ** Math.min(failures - 1, 30);
  return Math.min(doubled, settings.LRM_RETRY_MAXIMUM_INTERVAL);
}
