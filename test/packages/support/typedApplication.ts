/** What an application writes, with the type of each result where it could become `any`. */
export const TYPED_APPLICATION = `\
import { eq, gt, isNull, sql } from 'drizzle-orm';
import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { defineConfig, defineJob, type JobContext, type ReadyContext, type StandardSchema, type VerifyContext } from 'long-running-migrations';
import { migrations } from 'long-running-migrations/drizzle';
import { NotCompleted, requireCompleted } from 'long-running-migrations/gate';
import { executeLongRunningMigrations } from 'long-running-migrations/workflows';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(equal: Equal<A, B>): boolean => equal;

export const users = pgTable('users', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  email: text('email').notNull(),
  emailLower: text('email_lower'),
  length: integer('length'),
});

export default defineJob({
  dependsOn: ['0001_hello', { name: '0002_b', or: ['failed', 'cancelled'] }],
  options: { startToCloseTimeout: '6 hours' },
  async verify(job) {
    return job.db.$count(users, isNull(users.emailLower));
  },
  async ready(job) {
    // @ts-expect-error -- it only looks
    job.saveCheckpoint;
    const [old] = await job.sql\`select from application_versions where version < 12 limit 1\`;
    return old && 'a version before 12 is still running';
  },
  async run(job) {
    const walk = { key: users.id, where: isNull(users.emailLower) };
    await job.inBatches(users, walk, async (tx, batch) => {
      await tx.update(users).set({ emailLower: sql\`lower(\${users.email})\` }).where(batch);
      const rows = await batch.rows({ id: users.id, email: users.email });
      same<typeof rows, { id: bigint; email: string }[]>(true);
      const changed = rows.map((row) => ({ id: row.id, length: row.email.length }));
      const count = await job.updateRows(tx, users, users.id, changed);
      same<typeof count, number>(true);
      // @ts-expect-error -- a text is no length
      await job.updateRows(tx, users, users.id, [{ id: 1n, length: 'long' }]);
    });
  },
});

declare const schema: StandardSchema<{ days: string }, { days: number }>;
defineJob({
  input: schema,
  run(job) {
    same<typeof job.input, { days: number }>(true);
    same<typeof job.target, string | undefined>(true);
  },
  verify(job) {
    same<typeof job.input.days, number>(true);
  },
});
defineJob({
  run(job) {
    same<typeof job.input, unknown>(true);
  },
});
// @ts-expect-error -- it is no schema
defineJob({ input: { days: 1 }, run() {} });

// @ts-expect-error -- created is no end
defineJob({ dependsOn: [{ name: '0002_b', or: ['created'] }], run() {} });
// @ts-expect-error -- a list is no number of rows
defineJob({ verify: async (job) => job.db.select().from(users), run() {} });

export async function verify({ db }: VerifyContext): Promise<number> {
  return db.$count(users);
}
export async function ready(job: ReadyContext): Promise<string | undefined> {
  return job.name === '0001_hello' ? 'later' : undefined;
}

export async function run(job: JobContext): Promise<void> {
  const found = await job.db
    .select({ id: users.id, email: users.email, lower: users.emailLower })
    .from(users)
    .where(gt(users.id, 1n));
  same<typeof found, { id: bigint; email: string; lower: string | null }[]>(true);
  const [row] = await job.sql<{ n: number }[]>\`select count(*)::int as n from users\`;
  same<typeof row, { n: number }>(true);
  await job.forEach(users, { key: users.id }, async (user) => {
    same<typeof user, typeof users.$inferSelect>(true);
  });
  await job.db.transaction(async (tx) => {
    await tx.delete(users).where(eq(users.id, 3n)).returning();
    await job.saveCheckpoint({ last: '3' }, tx);
  });
  job.log.info('done', { rows: 3 });
  job.progress(3, 3);
  job.signal.throwIfAborted();
}

export const config = defineConfig({ jobs: './jobs', settings: { LRM_MAX_CONCURRENT: 2 } });
export const queried = migrations.name;
export const workflows = { executeLongRunningMigrations };
export const gate = async () => {
  try {
    await requireCompleted(['0001_hello']);
  } catch (error) {
    if (error instanceof NotCompleted) console.error(error.message);
  }
};
`;
