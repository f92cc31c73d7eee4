import { isNull, sql } from 'drizzle-orm';
import { bigint, integer, pgTable } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

const orders = pgTable('orders', {
  id: integer('id').primaryKey(),
  idBig: bigint('id_big', { mode: 'bigint' }),
});

export default defineJob({
  async run(job) {
    await job.step('add the column', { transaction: true }, async (tx) => {
      await tx.execute(sql`alter table orders add column id_big bigint`);
      // For the rows that the application inserts meanwhile.
      await tx.execute(sql`
        create function orders_id_big() returns trigger language plpgsql as
          $$ begin new.id_big = new.id; return new; end $$`);
      await tx.execute(sql`
        create trigger orders_id_big before insert or update on orders
          for each row execute function orders_id_big()`);
    });
    await job.inBatches(orders, { key: orders.id, where: isNull(orders.idBig) }, (tx, batch) =>
      tx
        .update(orders)
        .set({ idBig: sql`${orders.id}` })
        .where(batch),
    );
    await job.step('require it', { transaction: true }, async (tx) => {
      await tx.execute(sql`
        alter table orders add constraint id_big_there check (id_big is not null) not valid`);
    });
    await job.validateConstraint(orders, 'id_big_there');
    await job.createIndexConcurrently('orders_id_big', orders, sql`(id_big)`, { unique: true });
    await job.step('swap the columns', { transaction: true }, async (tx) => {
      for (const change of [
        sql`drop trigger orders_id_big on orders`,
        sql`drop function orders_id_big`,
        // With the checked constraint, this doesn't read the table.
        sql`alter table orders alter column id_big set not null`,
        sql`alter table orders drop constraint id_big_there, drop constraint orders_pkey`,
        sql`alter table orders rename column id to id_old`,
        sql`alter table orders rename column id_big to id`,
        sql`alter table orders add constraint orders_pkey primary key using index orders_id_big`,
        sql`alter sequence orders_id_seq as bigint owned by orders.id`,
        sql`alter table orders alter column id set default nextval('orders_id_seq')`,
        sql`alter table orders drop column id_old`,
      ]) {
        await tx.execute(change);
      }
    });
  },
});
