import path from 'node:path';
import { type Inspection, inspectJob } from '../jobs/process/inspectJob';
import { logOfJobs } from './authorFields';
import type { Deps } from './deps';

/** Reads the options and dependencies of a job, as the settings say; see inspectJob(). */
export const inspect = (
  { settings, log, shareInspections }: Pick<Deps, 'settings' | 'log' | 'shareInspections'>,
  file: string,
): Promise<Inspection> =>
  inspectJob(file, {
    errorDetail: settings.LRM_ERROR_DETAIL,
    shared: shareInspections,
    // Of all migrations that have this file.
    output: logOfJobs(log.child({ job: path.parse(file).name })),
  });
