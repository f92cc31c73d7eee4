import { isNull } from 'drizzle-orm';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';
import type { Hashed } from './lib/hash';

const members = pgTable('members', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  pin: text('pin').notNull(),
  pinHash: text('pin_hash'),
});

export default defineJob({
  async run(job) {
    const walk = { key: members.id, where: isNull(members.pinHash) };
    await job.inBatches(members, walk, async (tx, batch) => {
      const rows = await batch.rows({ id: members.id, pin: members.pin });
      await job.updateRows(tx, members, members.id, await job.map<Hashed>(rows, './lib/hash.js'));
    });
  },
});
