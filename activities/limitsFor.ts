import type { Deps } from './deps';
import { inspect } from './inspect';
import { type AttemptLimits, limitsOf } from './limits';

/**
 * The limits of a job's attempts. Options that cannot be read or used are an error of the attempt;
 * here the settings are enough.
 */
export async function limitsFor(deps: Deps, file: string): Promise<AttemptLimits> {
  const inspection = await inspect(deps, file);
  try {
    return limitsOf(deps.settings, inspection.kind === 'facts' ? inspection.facts.options : {});
  } catch {
    return limitsOf(deps.settings, {});
  }
}
