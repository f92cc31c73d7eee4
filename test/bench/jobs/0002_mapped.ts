import type { JobContext } from '../../../jobs/context';
import { users } from '../users';

/** Reads rows, maps them in JavaScript, and writes them back. */
export async function run(job: JobContext): Promise<void> {
  const walk = { key: users.id, throttle: false, lanes: 2 } as const;
  await job.inBatches(users, walk, async (tx, batch) => {
    const rows = await batch.rows({ id: users.id, email: users.email });
    const lowered = rows.map(({ id, email }) => ({ id, emailLower: email.toLowerCase() }));
    await job.updateRows(tx, users, users.id, lowered);
  });
}
