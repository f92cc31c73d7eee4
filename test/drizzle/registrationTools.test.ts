import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { migrate as drizzleMigrate } from 'drizzle-orm/postgres-js/migrator';
import { database as drizzle } from '../../drizzle/database';
import { applyMigrations } from '../../drizzle/migrator/migrate';
import { readNames } from '../../drizzle/rows/unfinished';
import { projectFolder } from '../../settings/projectFolder';
import { useDatabase } from '../support/database';
import { SAFE_FORM, statements } from '../support/registration';

/**
 * The tools that applications migrate their databases with. Prisma is not among them, because its
 * engine is a download: it sends a migration's file as it is, in one simple query, as 'a file with
 * plain SQL' does.
 */
const database = useDatabase({ empty: true });

/** An application with its own Drizzle schema in `public`. */
const folder = mkdtempSync(path.join(tmpdir(), 'lrm-application-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(async () => {
  await database.sql`drop schema if exists long_running_migrations, drizzle cascade`;
  await database.sql`drop table if exists public.places`;
  writeApplication();
});

function writeApplication(): void {
  rmSync(folder, { recursive: true });
  mkdirSync(path.join(folder, 'migrations/meta'), { recursive: true });
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder, 'node_modules'));
  const write = (file: string, text: string) => writeFileSync(path.join(folder, file), text);
  write(
    'schema.js',
    `const { integer, pgTable } = require('drizzle-orm/pg-core');
     exports.places = pgTable('places', { id: integer('id').primaryKey() });`,
  );
  write(
    'drizzle.config.js',
    `module.exports = {
      dialect: 'postgresql', schema: './schema.js', out: './migrations',
      dbCredentials: { url: process.env.DATABASE_URL },
    };`,
  );
  const create = 'CREATE TABLE "places" ("id" integer PRIMARY KEY NOT NULL);';
  const registration = statements('0001_sample').join('--> statement-breakpoint\n');
  write('migrations/0000_register.sql', `${create}--> statement-breakpoint\n${registration}`);
  const entry = { idx: 0, version: '7', when: 1_700_000_000_000, tag: '0000_register' };
  const journal = {
    version: '7',
    dialect: 'postgresql',
    entries: [{ ...entry, breakpoints: true }],
  };
  write('migrations/meta/_journal.json', JSON.stringify(journal));
}

/** @returns what it printed */
function drizzleKit(...args: string[]): string {
  const kit = path.join(projectFolder, 'node_modules/drizzle-kit/bin.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [kit, ...args], {
    cwd: folder,
    env: { ...process.env, DATABASE_URL: database.databaseUrl },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`drizzle-kit ${args.join(' ')} failed: ${stdout}${stderr}`);
  return stdout;
}

/** What migrates the application's database. */
const tools: Record<string, () => unknown> = {
  'a file with plain SQL': () =>
    database.sql.unsafe(
      `CREATE TABLE places (id integer PRIMARY KEY);\n${SAFE_FORM('0001_sample')}`,
    ),
  "drizzle-orm's migrator": () =>
    drizzleMigrate(drizzle(database.sql) as never, {
      migrationsFolder: path.join(folder, 'migrations'),
    }),
  'drizzle-kit migrate': () => drizzleKit('migrate'),
};

const migrate = () => applyMigrations(database.databaseUrl, 'sql');

test.each(Object.entries(tools))('%s registers a migration before lrm migrate', async (_, tool) => {
  await tool();
  await migrate();
  expect(await readNames(database.sql)).toEqual(['0001_sample']);
  requireNothingToDrop();
});

test.each(Object.entries(tools))('%s registers a migration after lrm migrate', async (_, tool) => {
  await migrate();
  await tool();
  expect(await readNames(database.sql)).toEqual(['0001_sample']);
  requireNothingToDrop();
});

/** drizzle-kit push drops what the application's schema does not have. It must not see ours. */
function requireNothingToDrop(): void {
  const printed = drizzleKit('push', '--force', '--verbose');
  expect(printed).toMatch('No changes detected');
  expect(printed).not.toMatch(/drop|long_running_migrations/i);
}
