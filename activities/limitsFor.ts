import { inspectJob } from '../jobs/process/inspectJob';
import type { Deps } from './deps';
import { type AttemptLimits, limitsOf } from './limits';

/**
 * The limits of a job's attempts. Options that cannot be read or used are an error of the attempt;
 * here the settings are enough.
 */
export async function limitsFor(deps: Deps, file: string): Promise<AttemptLimits> {
  const inspection = await inspectJob(file, {
    errorDetail: deps.settings.LRM_ERROR_DETAIL,
    shared: deps.shareInspections,
  });
  try {
    return limitsOf(deps.settings, inspection.kind === 'facts' ? inspection.facts.options : {});
  } catch {
    return limitsOf(deps.settings, {});
  }
}
