import { sqlState } from '../../../drizzle/sqlState';
import { troubleOf } from '../walk/trouble';
import type { Check } from './throttler';

/** The server lacks connections, memory or disk space. */
const INSUFFICIENT_RESOURCES = /^53/;

/**
 * A look of ours that meets trouble which passes (a timeout, a lock, no free connection) gives no reason
 * to wait: the next one comes in a second. A limit must never end a walk.
 */
export function unlessTrouble(check: Check): Check {
  return async () => {
    try {
      return await check();
    } catch (error) {
      if (passes(error)) return undefined;
      throw error;
    }
  };
}

const passes = (error: unknown): boolean =>
  troubleOf(error) !== undefined || INSUFFICIENT_RESOURCES.test(String(sqlState(error)));
