import type { JobContext } from '../../../jobs/context';
import { lowered } from '../users';

/** The contestant `updateRows` with two lanes, as a migration. */
export async function run(job: JobContext): Promise<void> {
  await lowered(job, { throttle: false, lanes: 2 });
}
