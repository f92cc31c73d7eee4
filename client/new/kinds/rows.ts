import { type Kind, lowering, tableOf } from './kind';

export const rows: Kind = {
  about: 'new values that are computed in TypeScript',
  job: (example) => `\
import { isNull } from 'drizzle-orm';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

${tableOf(example)}
export default defineJob({
  async run(job) {
    // Each batch is a transaction and takes effect exactly once, whatever is killed and when.
    const walk = { key: users.id, where: isNull(users.emailLower) };
    await job.inBatches(users, walk, async (tx, batch) => {
      // They stay locked until they are written, so no change of the application is overwritten.
      const rows = await batch.rows({ id: users.id, email: users.email });
      // For work that keeps a processor busy, such as hashes: await job.map(rows, './hash.js')
      const changed = rows.map(({ id, email }) => ({ id, emailLower: email.toLowerCase() }));
      await job.updateRows(tx, users, users.id, changed);
    });
  },
});
`,
  test: lowering,
};
