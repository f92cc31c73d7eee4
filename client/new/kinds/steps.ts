import { type Kind, lowering, tableOf } from './kind';

export const steps: Kind = {
  about: 'DDL before and after the batches: a column, an index, a constraint',
  job: (example) => `\
import { isNull, sql } from 'drizzle-orm';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

${tableOf(example)}
export default defineJob({
  async run(job) {
    // A step that is done is not repeated. This one takes effect exactly once, as a transaction.
    await job.step('add the column', { transaction: true }, async (tx) => {
      await tx.execute(sql\`alter table \${users} add column email_lower text\`);
    });
    // Each batch is a transaction and takes effect exactly once, whatever is killed and when.
    const walk = { key: users.id, where: isNull(users.emailLower) };
    await job.inBatches(users, walk, async (tx, batch) => {
      await tx.update(users).set({ emailLower: sql\`lower(\${users.email})\` }).where(batch);
    });
    // The application reads and writes meanwhile. What a killed build left behind is dropped.
    const columns = sql\`(\${users.emailLower})\`;
    await job.createIndexConcurrently('${example.table}_email_lower', users, columns);
  },
});
`,
  test: {
    ...lowering,
    columns: 'id bigint primary key, email text not null',
    // A step counts, too: the first is the column.
    killAfter: '{ batches: 2 }',
  },
};
