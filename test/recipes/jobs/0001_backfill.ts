import { isNull, sql } from 'drizzle-orm';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

const users = pgTable('users', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  email: text('email').notNull(),
  emailLower: text('email_lower'),
});

export default defineJob({
  async run(job) {
    const walk = { key: users.id, where: isNull(users.emailLower) };
    await job.inBatches(users, walk, async (tx, batch) => {
      await tx
        .update(users)
        .set({ emailLower: sql`lower(${users.email})` })
        .where(batch);
    });
  },
});
