import { readCatalog } from '../../jobs/catalog';
import { type Finding, ok, warning } from './finding';

/** The folder of jobs, as this machine has it. */
export async function checkJobs(folder: string): Promise<Finding[]> {
  const { files, warnings } = await readCatalog(folder);
  const next = 'look at the folder, or at LRM_JOBS_DIR';
  if (files.size === 0) return [warning('jobs', `no job in ${folder}`, next)];
  const found = ok('jobs', `${files.size} in ${folder}`);
  return [found, ...warnings.map((each) => warning('jobs', each, next))];
}
