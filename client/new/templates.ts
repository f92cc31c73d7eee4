/** The job's file. Its comments say what the author has to think of. */
export const jobTemplate = (date: string): string => `\
// ${date}: what it changes, and why. Remove this file when every install has completed it.
import type { JobContext } from './context';

/**
 * Make it idempotent. An attempt can be stopped anywhere (time limit, deploy, crash), and the next
 * one calls run() from its beginning. inBatches does not repeat its finished batches. Work outside
 * the database can be repeated, also by an older attempt that is just being ended.
 */
export async function run(job: JobContext): Promise<void> {
  // A batch is a transaction and takes effect exactly once:
  //
  //   const users = pgTable('users', {
  //     id: bigint('id', { mode: 'bigint' }).primaryKey(),
  //     email: text('email').notNull(),
  //     emailLower: text('email_lower'),
  //   });
  //   await job.inBatches(
  //     users,
  //     { key: users.id, where: isNull(users.emailLower) },
  //     async (tx, batch) => {
  //       await tx.update(users).set({ emailLower: sql\`lower(\${users.email})\` }).where(batch);
  //     },
  //   );
  //
  // Without inBatches: work in small transactions. Between them, call job.progress(done, total), and
  // job.signal.throwIfAborted(), so that the attempt can be stopped there.
  job.log.info('nothing to do yet');
}

// If you need them:
//
//   export const dependsOn = ['0001_sample'];
//   export const options = { startToCloseTimeout: '6 hours' };
`;

/** The schema migration that registers it. */
export const registrationTemplate = (name: string): string => `\
-- Registers jobs/${name}.ts: the next run executes it.
INSERT INTO long_running_migrations.migrations (name) VALUES ('${name}') ON CONFLICT DO NOTHING;
`;

/** Its test, with the real registration, a real worker and a real database. */
export const testTemplate = (name: string): string => `\
import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';

const servers = useDevServers({ registered: true });

test('${name} is registered by its migration, completes, and can be run again', async () => {
  // This database has none of your application's tables. Create those that the job needs, and some
  // rows: await servers.sql\`create table …\`; await servers.sql\`insert into …\`;
  await servers.startWorker();
  await servers.succeeds('finalize', '${name}');
  // As after an attempt that was stopped just before its end.
  await servers.succeeds('retry', '${name}', '--from-start', '--yes', '--no-run');
  await servers.succeeds('finalize', '${name}');
  expect((await servers.succeeds('check', '${name}')).stdout).toMatch('completed');
});
`;
