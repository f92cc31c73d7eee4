import { type Inspection, inspectJob } from '../jobs/process/inspectJob';
import type { Deps } from './deps';

/** Reads the options and dependencies of a job, as the settings say; see inspectJob(). */
export const inspect = (
  { settings, shareInspections }: Pick<Deps, 'settings' | 'shareInspections'>,
  file: string,
): Promise<Inspection> =>
  inspectJob(file, { errorDetail: settings.LRM_ERROR_DETAIL, shared: shareInspections });
