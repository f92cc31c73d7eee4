import { expect, test } from '@jest/globals';
import { filesOf, lrmIn, useApplications } from '../support/application';

const application = useApplications();

const DEPENDS = '"dependencies": { "long-running-migrations": "*" }';
const TYPESCRIPT = {
  'package.json': `{ "type": "module", ${DEPENDS}, "devDependencies": { "vitest": "*" } }`,
  'tsconfig.json': '{ "compilerOptions": { "rootDir": "src", "outDir": "dist" /* */ } }',
  'src/index.ts': '',
};

test('init writes the configuration, a job and its test, and is finished the second time', () => {
  const app = application({
    ...TYPESCRIPT,
    'tsconfig.json':
      '{ "compilerOptions": { "rootDir": "src", "outDir": "dist" }, "include": ["src"] }',
    'drizzle.config.ts': '',
    'pnpm-lock.yaml': '',
  });

  const first = lrmIn(app, 'init');

  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect(first.stdout).toContain('pnpm exec vitest run src/jobs/0001_hello.test.ts');
  expect(first.stdout).toContain('LRM_JOBS_DIR=dist/jobs');
  const written = filesOf(app);
  expect(written['lrm.config.ts']).toMatch(/jobs: '.\/src\/jobs',[\s\S]*kind: 'drizzle' }/);
  expect(written['src/jobs/0001_hello.ts']).toContain('export default defineJob({');
  expect(written['src/jobs/0001_hello.test.ts']).toContain("from 'vitest'");
  expect(written['.gitignore']).toContain('.lrm/');
  expect(JSON.parse(written['package.json'] ?? '').scripts).toEqual({
    'lrm:dev': 'lrm dev',
    'lrm:worker': 'lrm worker',
    'lrm:migrate': 'lrm migrate',
  });

  expect(lrmIn(app, 'init')).toMatchObject({
    status: 0,
    stdout: 'everything is there already: nothing was changed\n',
  });
  expect(filesOf(app)).toEqual(written);
});

test('init --dry-run shows the same and writes nothing', () => {
  const app = application(TYPESCRIPT);
  const before = filesOf(app);
  const dry = JSON.parse(lrmIn(app, 'init', '--dry-run', '--json').stdout);
  expect(filesOf(app)).toEqual(before);
  const done = JSON.parse(lrmIn(app, 'init', '--json').stdout);
  expect(dry).toEqual({ ...done, dryRun: true });
});

test('a configuration at the root does not change where tsc puts the application', () => {
  const app = application(TYPESCRIPT);
  expect(JSON.parse(lrmIn(app, 'init', '--json').stdout).created[0]).toBe('lrm.config.mjs');
});

test('init writes CommonJS and a test for jest into an application in JavaScript', () => {
  const app = application({
    'package.json': `{\n\t${DEPENDS}, "scripts": { "lrm:dev": "my own" },\n\t"devDependencies": { "jest": "*" } }`,
    'test/a.test.js': '',
    'migrations/001_a.sql': '',
  });

  expect(lrmIn(app, 'init').status).toBe(0);

  const written = filesOf(app);
  expect(written['jobs/0001_hello.js']).toContain('module.exports = defineJob({');
  expect(written['test/jobs/0001_hello.test.js']).toMatch(/^const { runJob } = require\(/);
  expect(written['lrm.config.mjs']).toContain("{ kind: 'sql', folder: './migrations' }");
  expect(written['package.json']).toMatch(/^{\n\t"dep[\s\S]*"lrm:dev": "my own"[\s\S]*}$/);
});

test.each([
  ["['public', '*']", true],
  ["['long_running_*']", true],
  ["['public', 'app']", false],
  ["'public'", false],
  ['schemas', true],
])('schemaFilter: %s of drizzle-kit needs a change: %s', (filter, isNamed) => {
  const app = application({ ...TYPESCRIPT, 'drizzle.config.ts': `({ schemaFilter: ${filter} })` });
  const { notes } = JSON.parse(lrmIn(app, 'init', '--dry-run', '--json').stdout);
  expect(notes).toEqual(isNamed ? [expect.stringMatching(/^drizzle.config.ts: schemaFilter/)] : []);
});

test('init leaves a folder that has jobs as it is', () => {
  const app = application({ ...TYPESCRIPT, 'src/jobs/0007_mine.ts': 'mine' });
  expect(JSON.parse(lrmIn(app, 'init', '--json').stdout).created).toEqual(['lrm.config.mjs']);
});

test('init overwrites nothing: a file that is in the way stops it before any change', () => {
  const app = application({ ...TYPESCRIPT, 'tests/jobs/0001_hello.test.ts': 'mine' });
  const before = filesOf(app);
  expect(lrmIn(app, 'init')).toMatchObject({
    status: 2,
    stderr: 'lrm: tests/jobs/0001_hello.test.ts exists already: nothing was changed\n',
  });
  expect(filesOf(app)).toEqual(before);
});

test.each([
  [{}, /there is no package.json in .*npm init -y/],
  [{ 'package.json': '{' }, /package.json is not JSON/],
  [
    { 'package.json': '{}', 'tsconfig.json': '{ "extends": "./gone" }' },
    /tsconfig.json can't be read/,
  ],
])('init refuses %j in one line and writes nothing', (files, message) => {
  const app = application(files);
  const before = filesOf(app);
  const { status, stderr } = lrmIn(app, 'init');
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(status).toBe(2);
  expect(filesOf(app)).toEqual(before);
});
