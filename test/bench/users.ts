import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import type { Sql } from '../../drizzle/connect';
import type { BatchOptions, JobContext } from '../../jobs/context/index';

/** The table that all measurements walk over. */
export const users = pgTable('users', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  email: text('email').notNull(),
  emailLower: text('email_lower'),
});

/** The part of a job's context that {@link lowered} needs. */
type Walker = Pick<JobContext, 'inBatches' | 'updateRows'>;

/** Fills email_lower: reads rows, maps them in JavaScript, and writes them back. */
export const lowered = (job: Walker, options: Partial<BatchOptions>): Promise<void> =>
  job.inBatches(users, { key: users.id, ...options }, async (tx, batch) => {
    const rows = await batch.rows({ id: users.id, email: users.email });
    const mapped = rows.map(({ id, email }) => ({ id, emailLower: email.toLowerCase() }));
    await job.updateRows(tx, users, users.id, mapped);
  });

/** Makes the rows once; {@link renewUsers} copies them. The IDs have gaps, like real ones. */
export async function makeUsers(sql: Sql, rows: number): Promise<void> {
  await sql.unsafe(`
    drop table if exists users_original;
    create unlogged table users_original as
      select i::bigint * 3 as id, 'User.' || i || '@Example.COM' as email, null::text as email_lower
      from generate_series(1, ${rows}) i`);
}

/** Makes the table as after a bulk load and a vacuum: the same for every contestant. */
export async function renewUsers(sql: Sql): Promise<void> {
  await sql.unsafe(`
    drop table if exists users;
    create table users (id bigint not null, email text not null, email_lower text)
      with (autovacuum_enabled = off);
    insert into users select * from users_original;
    alter table users add primary key (id);
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges`);
  await sql.unsafe('vacuum (freeze, analyze) users');
  await sql.unsafe('checkpoint');
}

/** @throws Error when a contestant did not change every row */
export async function requireDone(sql: Sql): Promise<void> {
  const [undone] = await sql`
    select 1 from users where email_lower is distinct from lower(email) limit 1`;
  if (undone) throw new Error('a contestant did not change every row, so its time means nothing');
}
