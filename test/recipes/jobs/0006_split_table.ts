import { isNotNull, sql } from 'drizzle-orm';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

const accounts = pgTable('accounts', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  bio: text('bio'),
});

export default defineJob({
  async run(job) {
    const walk = { key: accounts.id, where: isNotNull(accounts.bio) };
    await job.inBatches(accounts, walk, async (tx, batch) => {
      // What the application has written to profiles already is newer.
      await tx.execute(sql`
        insert into profiles (account_id, bio)
        select id, bio from accounts where ${batch} for share
        on conflict (account_id) do nothing`);
    });
  },
});
