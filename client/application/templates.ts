import { isEsm, type Layout } from './layout';

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

const job = (layout: Layout, comment: string, fields: string): string =>
  isEsm(layout)
    ? `${comment}\nimport { defineJob } from 'long-running-migrations';\n\nexport default defineJob({\n${fields}});\n`
    : `${comment}\nconst { defineJob } = require('long-running-migrations');\n\nmodule.exports = defineJob({\n${fields}});\n`;

/** The test of the first job, on a real database. */
export function testTemplate(layout: Layout, name: string): string {
  return `${testImports(layout).join('\n')}

// Tests write to it: never set the database of a real installation here.
const databaseUrl = process.env['TEST_DATABASE_URL'] ?? '';

test('${name} completes', async () => {
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
