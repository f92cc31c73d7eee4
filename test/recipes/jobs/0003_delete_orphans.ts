import { sql } from 'drizzle-orm';
import { bigint, pgTable } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

const posts = pgTable('posts', { id: bigint('id', { mode: 'bigint' }).primaryKey() });
const comments = pgTable('comments', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  postId: bigint('post_id', { mode: 'bigint' }).notNull(),
});

export default defineJob({
  async run(job) {
    const orphaned = sql`not exists (select from ${posts} where ${posts.id} = ${comments.postId})`;
    await job.inBatches(comments, { key: comments.id, where: orphaned }, async (tx, batch) => {
      await tx.delete(comments).where(batch);
    });
  },
});
