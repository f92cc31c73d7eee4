/** The job's file: what an author has to think of, where he writes it. */
export const jobTemplate = (date: string): string => `\
// ${date}: what it changes, and why. Removable once every install has completed it.
import type { JobContext } from './context';

/**
 * It should be idempotent: an attempt can be stopped anywhere (time limit, deploy, crash), and the
 * next one calls run() from its beginning. What inBatches has done isn't done again; what is done
 * outside of the database can be, also by an older attempt that is just being ended.
 */
export async function run(job: JobContext): Promise<void> {
  // A batch is a transaction, and takes effect exactly once:
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
  // Without it: do the work in small transactions, tell job.progress(done, total), and call
  // job.signal.throwIfAborted() between them: there the attempt can be stopped.
  job.log.info('nothing to do yet');
}

// Where they are needed:
//
//   export const dependsOn = ['0001_sample'];
//   export const options = { startToCloseTimeout: '6 hours' };
`;

/** What registers it, in a schema migration. */
export const registrationTemplate = (name: string): string => `\
-- Says that jobs/${name}.ts is wanted: the next run executes it.
INSERT INTO long_running_migrations.migrations (name) VALUES ('${name}') ON CONFLICT DO NOTHING;
`;

/** Its test: the real registration, a real worker, a real database. */
export const testTemplate = (name: string): string => `\
import { expect, test } from '@jest/globals';
import { useDevServers } from '../support/devServers';

const servers = useDevServers({ registered: true });

test('${name} is registered by its migration, completes, and can be run again', async () => {
  // This database has none of your application's tables. Create those that the job works on, and
  // some rows: await servers.sql\`create table …\`; await servers.sql\`insert into …\`;
  await servers.startWorker();
  await servers.succeeds('finalize', '${name}');
  // As an attempt that was stopped just before its end would be.
  await servers.succeeds('retry', '${name}', '--from-start', '--yes', '--no-run');
  await servers.succeeds('finalize', '${name}');
  expect((await servers.succeeds('check', '${name}')).stdout).toMatch('completed');
});
`;
