import { readCatalog } from '../../jobs/catalog';
import { type Finding, ok, warning } from '../../worker/health/finding';

/** Checks the folder of jobs on this machine. */
export async function checkJobs(folder: string): Promise<Finding[]> {
  const { files, warnings } = await readCatalog(folder);
  const next = 'check the folder and LRM_JOBS_DIR';
  if (files.size === 0) return [warning('jobs', `there is no job in ${folder}`, next)];
  const found = ok('jobs', `${files.size} in ${folder}`);
  return [found, ...warnings.map((each) => warning('jobs', each, next))];
}
