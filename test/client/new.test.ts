import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { scaffold } from '../../client/new/scaffold';
import { projectFolder } from '../../settings/projectFolder';
import { cleanEnvironment } from '../support/environment';

/** A copy of the project, because the new files stay there. */
let project: string;

beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), 'lrm-new-'));
  cpSync(projectFolder, project, {
    recursive: true,
    filter: (file) => !/[/\\](node_modules|\.git|\.lrm|dist)$/.test(file),
  });
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(project, 'node_modules'));
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

const number = (name: string) => Number(name.slice(0, 4));
const read = (file: string) => readFileSync(path.join(project, file), 'utf8');

test('scaffold takes the next number for the job, its registration and its test', () => {
  const first = scaffold(project, 'Backfill e-mail lower');
  expect(first.name).toMatch(/^\d{4}_backfill_e_mail_lower$/);
  expect(read(first.job)).toMatch('export async function run(job: JobContext): Promise<void>');
  expect(read(first.registration)).toMatch(
    `INSERT INTO long_running_migrations.migrations (name) VALUES ('${first.name}') ON CONFLICT DO NOTHING;\n`,
  );
  expect(read(first.test)).toMatch(`'finalize', '${first.name}'`);

  const second = scaffold(project, 'more');
  expect(number(second.name)).toBe(number(first.name) + 1);
});

test('scaffold writes a journal that drizzle-kit accepts', () => {
  const { name } = scaffold(project, 'in the journal');
  const journal = JSON.parse(read('drizzle/sql/meta/_journal.json'));
  expect(journal.entries.at(-1).tag).toMatch(new RegExp(`^\\d{4}_register_${name}$`));
  const check = spawnSync(
    process.execPath,
    [path.join(project, 'node_modules/drizzle-kit/bin.cjs'), 'check'],
    { cwd: project, encoding: 'utf8' },
  );
  expect(check.stdout + check.stderr).toMatch("Everything's fine");
});

test('scaffold does not reuse the number of a removed job', () => {
  const { job, name } = scaffold(project, 'removed later');
  rmSync(path.join(project, job));
  const next = scaffold(project, 'after it');
  expect(number(next.name)).toBe(number(name) + 1);
});

test('scaffold writes files that need no formatting', () => {
  const { job, test: file } = scaffold(project, 'well formatted');
  const biome = path.join(projectFolder, 'node_modules/@biomejs/biome/bin/biome');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [biome, 'check', '--vcs-enabled=false', job, file],
    { cwd: project, encoding: 'utf8' },
  );
  expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({
    status: 0,
    output: '',
  });
});

test("README's job and the job in scaffold's comment compile unchanged", () => {
  const readme = /```ts\n\/\/ jobs\/0003_backfill_email_lower\.ts\n([\s\S]*?)```/.exec(
    read('README.md'),
  );
  expect(readme?.[1]).toContain('export async function run');
  writeFileSync(path.join(project, 'jobs/0998_readme.ts'), readme?.[1] ?? '');
  const { job } = scaffold(project, 'uncommented');
  const example = read(job)
    .split('\n')
    .filter((line) => /^ {2}\/\/ {3}/.test(line))
    .map((line) => line.replace(/^ {2}\/\/ {3}/, ''));
  const imports = `import { isNull, sql } from 'drizzle-orm';
import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import type { JobContext } from './context';`;
  writeFileSync(
    path.join(project, 'jobs/0999_template.ts'),
    `${imports}\nexport async function run(job: JobContext) {\n${example.join('\n')}\n}\n`,
  );
  expect(example.join('\n')).toContain('job.inBatches');
  const tsc = path.join(projectFolder, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '--noEmit'], {
    cwd: project,
    encoding: 'utf8',
  });
  rmSync(path.join(project, 'jobs/0998_readme.ts'));
  rmSync(path.join(project, 'jobs/0999_template.ts'));
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
}, 120_000);

test('the test that scaffold writes passes on its own servers', () => {
  const { test: file } = scaffold(project, 'tested');
  const jest = path.join(projectFolder, 'node_modules/jest/bin/jest.js');
  const { status, stderr } = spawnSync(process.execPath, [jest, file], {
    cwd: project,
    encoding: 'utf8',
    env: cleanEnvironment({}),
  });
  expect({ status, stderr }).toMatchObject({
    status: 0,
    stderr: expect.stringMatching('1 passed'),
  });
}, 180_000);
