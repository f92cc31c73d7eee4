/** Why a batch may be tried again at once: 'timeout' by taking less, 'conflict' as it was. */
export type Trouble = 'timeout' | 'conflict';

/**
 * SQLSTATEs after which Postgres has certainly rolled the batch back, and which another try may
 * not meet. A lost connection is not among them: whether its COMMIT came through is only known to
 * the next attempt, which reads what is finished.
 */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  '40001': 'conflict', // serialization_failure: a trigger's or a foreign data wrapper's, say
  '40P01': 'conflict', // deadlock_detected: with the application, we were the victim
  '55P03': 'timeout', // lock_not_available: lock_timeout
  '57014': 'timeout', // query_canceled: statement_timeout (or somebody's pg_cancel_backend)
};

/** What kind of trouble an error, or any of its causes, is; undefined when it is none. */
export function troubleOf(error: unknown): Trouble | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < CAUSES_AT_MOST; depth++) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string' && TROUBLES[code]) return TROUBLES[code];
    at = at.cause;
  }
  return undefined;
}

/** Longer chains are loops. */
const CAUSES_AT_MOST = 10;
