import { type Kind, lowering, tableOf } from './kind';

export const each: Kind = {
  about: "work that isn't SQL: another service, files",
  job: (example) => `\
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { defineJob } from 'long-running-migrations';

${tableOf({ ...example }).replace("  emailLower: text('email_lower'),\n", '')}
const folder = process.env['EXPORT_FOLDER'] ?? 'export';

export default defineJob({
  async run(job) {
    await mkdir(folder, { recursive: true });
    // Its place is stored every so many rows. After a crash, those since then come AGAIN: make the
    // work repeatable, as here a write to the same file, or a service's upsert.
    const walk = { key: users.id, columns: { id: users.id, email: users.email }, checkpointEvery: 10 };
    await job.forEach(users, walk, async ({ id, email }) => {
      await writeFile(path.join(folder, \`\${id}.txt\`), email);
    });
  },
});
`,
  test: {
    ...lowering,
    imports: [
      ['mkdtempSync, readdirSync, rmSync', 'node:fs'],
      ['tmpdir', 'node:os'],
      ['join', 'node:path'],
    ],
    before: `const folder = mkdtempSync(join(tmpdir(), 'export-'));\nprocess.env['EXPORT_FOLDER'] = folder;`,
    columns: 'id bigint primary key, email text not null',
    rows: 5_000,
    killAfter: '{ batches: 2 }',
    left: ({ table }) => `\
const files = new Set(readdirSync(folder));
const users = await sql\`select id::text from ${table}\`;
const left = users.filter((user) => !files.has(\`\${user['id']}.txt\`));`,
    after: 'rmSync(folder, { recursive: true });',
  },
};
