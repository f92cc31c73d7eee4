import { sql } from 'drizzle-orm';
import { bigint, pgTable } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

const events = pgTable('events', { id: bigint('id', { mode: 'bigint' }).primaryKey() });

export default defineJob({
  async run(job) {
    await job.inBatches(events, { key: events.id }, async (tx, batch) => {
      // FOR SHARE: a row that the application deletes meanwhile is not copied after its deletion.
      await tx.execute(sql`
        insert into events_by_month (id, created_at, payload, updated_at)
        select id, created_at, payload, updated_at from events where ${batch} for share
        on conflict (id, created_at) do update
          set payload = excluded.payload, updated_at = excluded.updated_at
          where events_by_month.updated_at < excluded.updated_at`);
    });
  },
});
