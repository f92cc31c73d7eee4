import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

const customers = pgTable('customers', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  email: text('email').notNull(),
});

export default defineJob({
  async run(job) {
    const columns = { id: customers.id, email: customers.email };
    await job.forEach(customers, { key: customers.id, columns, concurrency: 10 }, async (row) => {
      // After a crash the last customers come again. PUT by ID: the second time changes nothing.
      const response = await fetch(`${process.env['CRM_URL']}/customers/${row.id}`, {
        method: 'PUT',
        body: JSON.stringify({ email: row.email }),
        signal: job.signal,
      });
      if (!response.ok) throw new Error(`the CRM answers with status ${response.status}`);
    });
  },
});
