import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { projectFolder } from '../../settings/projectFolder';
import { type Application, filesOf, install, lrmIn, useApplications } from '../support/application';

const application = useApplications();

const INSERT = (name: string) =>
  `INSERT INTO long_running_migrations.registrations (name) VALUES ('${name}') ON CONFLICT DO NOTHING;\n`;

/** An application in TypeScript whose lrm.config says `registrations`. */
const withConfig = (registrations: string, files: Record<string, string> = {}): Application =>
  application({
    'package.json': '{ "type": "module", "devDependencies": { "jest": "*" } }',
    'tsconfig.json': '{}',
    'lrm.config.mjs': `export default { jobs: './jobs', registrations: ${registrations} };`,
    ...files,
  });

function withDrizzle(): Application {
  const app = withConfig(`{ kind: 'drizzle' }`, {
    'drizzle.config.ts': `export default { dialect: 'postgresql', schema: './schema.ts', out: './sql' };`,
    'schema.ts': `import { integer, pgTable } from 'drizzle-orm/pg-core';
export const users = pgTable('users', { id: integer('id').primaryKey() });`,
  });
  install(app.folder, 'drizzle-kit');
  install(app.folder, 'drizzle-orm');
  return app;
}

interface New {
  name: string;
  job: string;
  registration: string | null;
  test: string;
}

function make(app: Application, words: string): New {
  const { status, stdout, stderr } = lrmIn(app, 'new', '--json', words);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** An application in TypeScript in which the package, Node and Drizzle have their types. */
function typed(files: Record<string, string>): Application {
  const source = (file: string) => JSON.stringify(path.join(projectFolder, file));
  const app = withConfig(`{ kind: 'print' }`, {
    'package.json': '{ "type": "module" }',
    'tsconfig.json': `{
      "compilerOptions": { "strict": true, "noEmit": true, "skipLibCheck": true, "target": "es2022",
        "noPropertyAccessFromIndexSignature": true, "noUnusedLocals": true, "exactOptionalPropertyTypes": true,
        "module": "preserve", "types": ["node"], "lib": ["es2023", "es2024.string"],
        "paths": { "long-running-migrations": [${source('jobs/index.ts')}],
          "long-running-migrations/testing": [${source('worker/testing.ts')}] } },
      "include": ["jobs"]
    }`,
    ...files,
  });
  for (const name of ['drizzle-orm', '@types/node', 'tsx']) install(app.folder, name);
  return app;
}

function compile(app: Application) {
  const tsc = path.join(projectFolder, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', '.'], {
    cwd: app.folder,
    encoding: 'utf8',
  });
  return { status, stdout };
}

test('without lrm.config, new says what to type first', () => {
  const { status, stderr } = lrmIn(
    application({ 'package.json': '{}', 'yarn.lock': '' }),
    'new',
    'x',
  );
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(
      /^lrm: there is no lrm.config file in .*; type: yarn lrm init\n$/,
    ),
  });
});

test("new has the application's drizzle-kit add the registration, which its journal accepts", () => {
  const app = withDrizzle();

  const first = make(app, 'Backfill e-mail lower');

  expect(first.name).toBe('0001_backfill_e_mail_lower');
  expect(app.read(first.job)).toContain('export default defineJob({');
  expect(app.read(first.test)).toContain(`runJob('${first.name}', options)`);
  const sql = app.read(first.registration ?? '');
  expect(sql.split('--> statement-breakpoint\n')).toEqual([
    expect.stringMatching(/CREATE SCHEMA IF NOT EXISTS long_running_migrations;\n$/),
    expect.stringMatching(/^CREATE TABLE IF NOT EXISTS long_running_migrations\.registrations/),
    INSERT(first.name),
  ]);
  const journal = JSON.parse(app.read('sql/meta/_journal.json'));
  expect(journal.entries[0].tag).toBe(`0000_register_${first.name}`);

  // Its number stays in use by its registration.
  rmSync(path.join(app.folder, first.job));
  rmSync(path.join(app.folder, first.test));
  expect(make(app, 'after it').name).toBe('0002_after_it');
});

test('when drizzle-kit fails, new leaves no file', () => {
  const app = withDrizzle();
  app.write('schema.ts', 'export const broken = ;');
  const before = filesOf(app);
  const { status, stderr } = lrmIn(app, 'new', 'x');
  expect({ status, lines: stderr.trim().split('\n').length }).toEqual({ status: 2, lines: 1 });
  expect(filesOf(app)).toEqual(before);
});

test('new writes a migration for Prisma that comes after the newest one', () => {
  const app = withConfig(`{ kind: 'prisma' }`, {
    'prisma/migrations/20991231235900_init/migration.sql': '',
  });
  const { name, registration } = make(app, 'x');
  expect(registration).toBe(`prisma/migrations/20991231235901_register_${name}/migration.sql`);
  expect(app.read(registration ?? '')).toContain(INSERT(name));
});

test.each([
  [[], '0001_register_0001_x.sql'],
  [['001_a.sql', '009_b.sql'], '010_register_0001_x.sql'],
  [['V1__a.sql', 'V12__b.sql'], 'V13__register_0001_x.sql'],
  [['3-a.up.sql', '3-a.down.sql', '4-b.up.sql'], '5-register_0001_x.up.sql'],
  [['20991231235900_a.sql'], '20991231235901_register_0001_x.sql'],
])('new numbers its SQL file as the folder does: %j', (files, expected) => {
  const app = withConfig(
    `{ kind: 'sql', folder: './db' }`,
    Object.fromEntries(files.map((file) => [`db/${file}`, ''])),
  );
  expect(make(app, 'x').registration).toBe(`db/${expected}`);
});

test('new prints the registration when nothing says where to write it', () => {
  const app = withConfig(`{ kind: 'print' }`);
  const { stdout } = lrmIn(app, 'new', 'printed');
  expect(stdout).toContain(INSERT('0001_printed'));
  expect(make(app, 'more')).toMatchObject({ name: '0002_more', registration: null });
});

test("README's job compiles in an application", () => {
  const readme = /```ts\n\/\/ jobs\/\d{4}_backfill_email_lower\.ts\n([\s\S]*?)```/.exec(
    readFileSync(path.join(projectFolder, 'README.md'), 'utf8'),
  );
  const app = typed({ 'jobs/0999_readme.ts': readme?.[1] ?? 'no job' });
  expect(compile(app)).toEqual({ status: 0, stdout: '' });
}, 120_000);
