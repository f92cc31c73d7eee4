import type { Inspection } from '../../jobs/process/inspectJob';
import type { Deps } from '../deps';
import { type ActivityTimeouts, type AttemptLimits, limitsOf, underTimeouts } from '../limits';
import type { AttemptEnd } from './runAttempt';

/** The limits of an attempt, or how it ends because the code of its job can't be used. */
export type KnownLimits =
  | { readonly kind: 'limits'; readonly limits: AttemptLimits }
  | Extract<AttemptEnd, { kind: 'threw' }>;

/** The limits of an attempt by the code of its job, under the timeouts of the workflow. */
export function readLimits(
  deps: Pick<Deps, 'settings'>,
  inspection: Inspection,
  timeouts: ActivityTimeouts,
): KnownLimits {
  switch (inspection.kind) {
    case 'unloadable':
      return { ...inspection, kind: 'threw', during: 'load' };
    case 'unfinished':
      // An error during 'load' fails at once, but here the machine may only be slow.
      return { kind: 'threw', during: 'run', error: inspection.error };
    case 'facts':
      break;
  }
  try {
    const own = limitsOf(deps.settings, inspection.facts.options);
    return { kind: 'limits', limits: underTimeouts(own, timeouts) };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'impossible options';
    return {
      kind: 'threw',
      during: 'load',
      error: { name: 'UsageError', origin: 'author', message, causes: [] },
    };
  }
}
