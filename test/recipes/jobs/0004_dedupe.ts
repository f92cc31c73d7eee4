import { sql } from 'drizzle-orm';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

const subscribers = pgTable('subscribers', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  email: text('email').notNull(),
});

export default defineJob({
  async run(job) {
    // A batch holds all rows of its emails, so the oldest of each is among them.
    await job.inBatches(subscribers, { groupBy: subscribers.email }, async (tx, batch) => {
      await tx.execute(sql`
        with numbered as (
          select id, row_number() over (partition by email order by id) as number
          from subscribers where ${batch}
        )
        delete from subscribers using numbered
        where subscribers.id = numbered.id and numbered.number > 1`);
    });
  },
});
