import { isNull, sql } from 'drizzle-orm';
import { bigint, integer, pgSchema, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

const tenants = pgTable('tenants', {
  id: integer('id').primaryKey(),
  schema: text('schema').notNull(),
});

const ordersOf = (schema: string) =>
  pgSchema(schema).table('orders', {
    id: bigint('id', { mode: 'bigint' }).primaryKey(),
    price: integer('price').notNull(),
    amount: integer('amount').notNull(),
    total: integer('total'),
  });

export default defineJob({
  async run(job) {
    await job.forEach(tenants, { key: tenants.id, checkpointEvery: 1 }, async ({ id, schema }) => {
      const orders = ordersOf(schema);
      // The name is the tenant's own: by it, a later attempt finds the walk again.
      const walk = { key: orders.id, where: isNull(orders.total), name: `orders of tenant ${id}` };
      await job.inBatches(orders, walk, async (tx, batch) => {
        const total = sql`${orders.price} * ${orders.amount}`;
        await tx.update(orders).set({ total }).where(batch);
      });
    });
  },
});
