import { inspectJob } from '../../jobs/process/inspectJob';
import type { Deps } from '../deps';
import { type AttemptLimits, limitsOf } from '../limits';
import type { AttemptEnd } from './runAttempt';
import type { TemporalAttempt } from './temporalAttempt';

/** The limits of an attempt, or how it ends because its job's code can't be used. */
export type KnownLimits =
  | { readonly kind: 'limits'; readonly limits: AttemptLimits }
  | Extract<AttemptEnd, { kind: 'threw' }>;

/** Reads the job's own limits from its code, and adapts them to what the workflow has set. */
export async function readLimits(
  deps: Deps,
  file: string,
  { startToClose, heartbeatTimeout }: TemporalAttempt,
): Promise<KnownLimits> {
  const inspection = await inspectJob(file, deps.settings.LRM_ERROR_DETAIL);
  switch (inspection.kind) {
    case 'unloadable':
      return { ...inspection, kind: 'threw', during: 'load' };
    case 'unfinished':
      // Not 'load', which fails at once: a machine under load may be slow to load it.
      return { kind: 'threw', during: 'run', error: inspection.error };
    case 'facts':
      break;
  }
  try {
    const own = limitsOf(deps.settings, inspection.facts.options);
    const grace = Math.min(own.grace, startToClose / 4);
    return { kind: 'limits', limits: { ...own, startToClose, grace, heartbeatTimeout } };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'impossible options';
    return {
      kind: 'threw',
      during: 'load',
      error: { name: 'UsageError', origin: 'author', message, causes: [] },
    };
  }
}
