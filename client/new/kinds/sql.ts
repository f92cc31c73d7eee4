import { type Kind, lowering } from './kind';

export const sql: Kind = {
  about: 'one plain UPDATE or DELETE in SQL, for each batch of rows',
  job: ({ table }) => `\
import { sql } from 'drizzle-orm';
import { defineJob } from 'long-running-migrations';

// Replace it by your table. Its columns are named in this file only.
const users = sql\`${table}\`;

export default defineJob({
  async run(job) {
    // Each batch is a transaction and takes effect exactly once, whatever is killed and when.
    const walk = { key: sql\`id\`, where: sql\`email_lower is null\` };
    await job.inBatches(users, walk, async (tx, batch) => {
      await tx.execute(sql\`update \${users} set email_lower = lower(email) where \${batch}\`);
    });
  },
});
`,
  test: lowering,
};
