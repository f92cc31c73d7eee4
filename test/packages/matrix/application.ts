import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TYPED_APPLICATION } from '../support/typedApplication';
import type { Row } from './rows';

/** Rows of the application's table, and of a batch: enough batches to be killed between two. */
export const USERS = 5_000;
const BATCH = 100;

const TEMPORAL = ['activity', 'client', 'common', 'envconfig', 'worker', 'workflow'];
/** Yarn 1 does not install the packages that a package needs beside it. */
const peers = Object.fromEntries(TEMPORAL.map((name) => [`@temporalio/${name}`, '^1.24.0']));

/** Writes a small application that has a Drizzle schema and uses nothing of ours yet. */
export function writeApplication(folder: string, row: Row, tarball: string): void {
  const write = (file: string, content: string | object) => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
    writeFileSync(path.join(folder, file), text);
  };
  write('package.json', {
    name: 'application',
    private: true,
    type: row.type,
    dependencies: {
      'drizzle-orm': `~${row.drizzle}.0`,
      'long-running-migrations': `file:${tarball}`,
      postgres: '^3',
      ...(row.manager === 'yarn' ? peers : {}),
    },
    devDependencies: {
      '@types/node': '^20',
      'drizzle-kit': '^0.31',
      tsx: '^4',
      typescript: `~${row.typescript}.0`,
      vitest: '^3',
    },
  });
  write('tsconfig.json', {
    compilerOptions: {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
    },
    include: ['**/*.ts'],
  });
  write('schema.ts', SCHEMA);
  write('drizzle.config.ts', DRIZZLE_CONFIG);
  write('typed.ts', TYPED_APPLICATION);
  write('gate.mjs', GATE);
}

const SCHEMA = `\
import { integer, pgTable, serial } from 'drizzle-orm/pg-core';

export const users = pgTable('users', {
  id: serial('id').primaryKey(),
  visits: integer('visits').notNull().default(0),
});
`;

const DRIZZLE_CONFIG = `\
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: './schema.ts',
  out: './drizzle',
  dbCredentials: { url: process.env.DATABASE_URL ?? '' },
});
`;

const GATE = `\
import { requireCompleted } from 'long-running-migrations/gate';

await requireCompleted().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
`;

/** The test of {@link jobFile}, which runs on the table of the application's own migration. */
export const testFile = (name: string): string => `\
import { runJob } from 'long-running-migrations/testing';
import { expect, test } from 'vitest';

const databaseUrl = process.env['TEST_DATABASE_URL'] ?? '';

test('${name} completes', async () => {
  expect(await runJob('${name}', { databaseUrl })).toMatchObject({ status: 'completed' });
});
`;

/** Each row has to be counted exactly once. It is slow enough to be killed in the middle. */
export const jobFile = (type: Row['type']): string => `\
import { sql } from 'drizzle-orm';
import { defineJob } from 'long-running-migrations';
import { users } from '../schema${type === 'module' ? '.js' : ''}';

export default defineJob({
  async run(job) {
    const walk = { key: users.id, batchSize: { min: ${BATCH}, max: ${BATCH} } };
    await job.inBatches(users, walk, async (tx, batch) => {
      await tx.update(users).set({ visits: sql\`\${users.visits} + 1\` }).where(batch);
      await tx.execute(sql\`select pg_sleep(0.05)\`);
    });
  },
});
`;
