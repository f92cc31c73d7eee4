import { type Kind, lowering, tableOf } from './kind';

export const batches: Kind = {
  about: 'one UPDATE or DELETE for each batch of rows, in Drizzle',
  job: (example) => `\
import { isNull, sql } from 'drizzle-orm';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

${tableOf(example)}
export default defineJob({
  async run(job) {
    // Each batch is a transaction and takes effect exactly once, whatever is killed and when.
    const walk = { key: users.id, where: isNull(users.emailLower) };
    await job.inBatches(users, walk, async (tx, batch) => {
      await tx.update(users).set({ emailLower: sql\`lower(\${users.email})\` }).where(batch);
    });
  },
});
`,
  test: lowering,
};
