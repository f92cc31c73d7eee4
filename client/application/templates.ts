import type { Layout } from './layout';

/** How the files of an application say it: ES modules and TypeScript, or CommonJS. */
const isEsm = ({ language }: Layout): boolean => language.typescript || language.esm;

/** The configuration, in TypeScript or as an ES module: both are loaded alike. */
export const configTemplate = (
  jobs: string,
  registrations: string,
  schema: string | undefined,
) => `\
import { defineConfig } from 'long-running-migrations';

export default defineConfig({
  // Where the jobs are. In production, set LRM_JOBS_DIR to the folder of the compiled ones.
  jobs: '${jobs}',
  // Where npx lrm new writes what registers a job.
  registrations: ${registrations},${schema ? `\n  drizzleSchema: '${schema}',` : ''}
});
`;

/** The small job that shows the form. It runs on any database. */
export const helloTemplate = (layout: Layout): string =>
  job(
    layout,
    '// A first job, which changes nothing. Remove it when you have written your own: lrm new.',
    `\
  async run(job) {
    const [row] = await job.sql\`select count(*)::int as tables from pg_catalog.pg_tables\`;
    job.progress(1, 1);
    job.log.info(\`hello from a database with \${row?.['tables']} tables\`);
  },
`,
  );

/** A new job. Its comments say what the author has to think of. */
export const jobTemplate = (layout: Layout, date: string, tables: string | undefined): string =>
  job(
    layout,
    `\
// ${date}: what it changes, and why. Remove this file when every install has completed it.`,
    `\
  /**
   * Make it idempotent. An attempt can be stopped anywhere (time limit, deploy, crash), and the next
   * one calls run() from its beginning. inBatches does not repeat its finished batches. Work outside
   * the database can be repeated, also by an older attempt that is just being ended.
   */
  async run(job) {
    // A batch is a transaction and takes effect exactly once:
    //
${tables ? `    //   // Or the table of ${tables}, but later changes of it must not break this job.\n` : ''}\
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
    // Without inBatches: work in small transactions. Between them, call job.progress(done, total),
    // and job.signal.throwIfAborted(), so that the attempt can be stopped there.
    job.log.info('nothing to do yet');
  },
  // If you need them:
  //
  //   dependsOn: ['0001_hello'],
  //   options: { startToCloseTimeout: '6 hours' },
`,
  );

const job = (layout: Layout, comment: string, fields: string): string =>
  isEsm(layout)
    ? `${comment}\nimport { defineJob } from 'long-running-migrations';\n\nexport default defineJob({\n${fields}});\n`
    : `${comment}\nconst { defineJob } = require('long-running-migrations');\n\nmodule.exports = defineJob({\n${fields}});\n`;

/** The test of a job, on a real database. */
export function testTemplate(layout: Layout, name: string): string {
  return `${testImports(layout).join('\n')}

// Tests write to it: never set the database of a real installation here.
const databaseUrl = process.env['TEST_DATABASE_URL'] ?? '';

test('${name} completes', async () => {
  // The tables that the job changes have to be there. Add some rows here, and check them below.
  const { status } = await runJob('${name}', { databaseUrl });
  ${layout.runner.name === 'node' ? `strictEqual(status, 'completed');` : `expect(status).toBe('completed');`}
});
`;
}

function testImports(layout: Layout): string[] {
  const line = (names: string, from: string) =>
    isEsm(layout) || layout.runner.name === 'vitest'
      ? `import { ${names} } from '${from}';`
      : `const { ${names} } = require('${from}');`;
  const { name, globals } = layout.runner;
  const own = line('runJob', 'long-running-migrations/testing');
  if (name === 'node') {
    return [line('strictEqual', 'node:assert'), line('test', 'node:test'), own];
  }
  if (name === 'vitest') return [own, line('expect, test', 'vitest')];
  return globals ? [own] : [line('expect, test', '@jest/globals'), own];
}
