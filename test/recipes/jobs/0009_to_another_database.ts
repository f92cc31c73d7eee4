import { sql } from 'drizzle-orm';
import { bigint, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

const messages = pgTable('messages', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  sentAt: timestamp('sent_at', { withTimezone: true, mode: 'string' }).notNull(),
  body: text('body').notNull(),
});

export default defineJob({
  async run(job) {
    const archive = job.database('archive'); // LRM_DATABASE_ARCHIVE_URL
    const walk = { key: messages.id, where: sql`sent_at < '2026-01-01'`, pageSize: 500 };
    await job.forEach(messages, walk, async (page) => {
      // After a crash the last pages come again.
      await archive.db.insert(messages).values(page).onConflictDoNothing();
    });
  },
});
