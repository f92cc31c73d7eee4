import { isNull, sql } from 'drizzle-orm';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

const invoices = pgTable('invoices', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  customerId: bigint('customer_id', { mode: 'bigint' }).notNull(),
  currency: text('currency'),
});

export default defineJob({
  async run(job) {
    await job.step('add the column', { transaction: true }, async (tx) => {
      // Two statements: the default is for new rows only.
      await tx.execute(sql`alter table invoices add column currency text`);
      await tx.execute(sql`alter table invoices alter column currency set default 'EUR'`);
    });
    const walk = { key: invoices.id, where: isNull(invoices.currency) };
    await job.inBatches(invoices, walk, async (tx, batch) => {
      const currency = sql`(select currency from customers where id = ${invoices.customerId})`;
      await tx.update(invoices).set({ currency }).where(batch);
    });
    await job.createIndexConcurrently('invoices_currency', invoices, sql`(currency)`);
    await job.step('require it', { transaction: true }, async (tx) => {
      await tx.execute(sql`
        alter table invoices add constraint currency_there check (currency is not null) not valid`);
    });
    await job.validateConstraint(invoices, 'currency_there');
    await job.step('make it NOT NULL', { transaction: true }, async (tx) => {
      await tx.execute(sql`alter table invoices alter column currency set not null`);
      await tx.execute(sql`alter table invoices drop constraint currency_there`);
    });
  },
});
