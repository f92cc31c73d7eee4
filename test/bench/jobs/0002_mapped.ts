import type { JobContext } from '../../../jobs/context';
import { lowered } from '../users';

/** What `updateRows` with two lanes does among the contestants, as a migration. */
export async function run(job: JobContext): Promise<void> {
  await lowered(job, { throttle: false, lanes: 2 });
}
