import { lostPreparation } from '../../../drizzle/prepared';

/**
 * Why a batch or look-up may be tried again: after a 'timeout' with fewer rows, after a 'conflict'
 * unchanged.
 */
export type Trouble = 'timeout' | 'conflict';

/**
 * The SQLSTATEs after which a batch can be tried again: Postgres has rolled it back for certain,
 * and another try may work. A lost connection is not one of them. Its COMMIT may or may not have
 * worked: the next attempt reads which ranges are finished.
 */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  '40001': 'conflict', // serialization_failure: for instance from a trigger or a foreign table
  '40P01': 'conflict', // deadlock_detected: Postgres ended the batch, not the application
  '55P03': 'timeout', // lock_not_available: lock_timeout
  '57014': 'timeout', // query_canceled: statement_timeout (or somebody's pg_cancel_backend)
};

/** The kind of trouble in an error or its causes. Undefined when a retry can't fix it. */
export function troubleOf(error: unknown): Trouble | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < CAUSES_AT_MOST; depth++) {
    // Nothing was done, and it will not be sent as a prepared one again.
    if (lostPreparation(at)) return 'conflict';
    const { code } = at as { code?: unknown };
    if (typeof code === 'string' && TROUBLES[code]) return TROUBLES[code];
    at = at.cause;
  }
  return undefined;
}

/** A longer chain of causes is a loop. */
const CAUSES_AT_MOST = 10;
