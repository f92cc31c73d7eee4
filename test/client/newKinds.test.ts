import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { askKind } from '../../client/new/askKind';
import { KIND_NAMES } from '../../client/new/kinds/index';
import { projectFolder } from '../../settings/projectFolder';
import { type Application, filesOf, install, lrmIn, useApplications } from '../support/application';
import { useDatabase } from '../support/database';
import { cleanEnvironment } from '../support/environment';

const application = useApplications();
const database = useDatabase({ empty: true });

const CONFIG = `export default { jobs: './jobs', registrations: { kind: 'print' } };`;
const source = (file: string) => JSON.stringify(path.join(projectFolder, file));
const TSCONFIG = `{
  "compilerOptions": { "strict": true, "noEmit": true, "skipLibCheck": true, "target": "es2022",
    "noPropertyAccessFromIndexSignature": true, "noUnusedLocals": true, "exactOptionalPropertyTypes": true,
    "module": "preserve", "types": ["node"], "lib": ["es2023", "es2024.string"],
    "paths": { "long-running-migrations": [${source('jobs/index.ts')}],
      "long-running-migrations/testing": [${source('worker/testing.ts')}] } },
  "include": ["jobs"]
}`;

/** An application with one migration of each kind. */
function withAllKinds(files: Record<string, string>): Application {
  const app = application({ 'lrm.config.mjs': CONFIG, ...files });
  for (const name of ['drizzle-orm', '@types/node', 'tsx']) install(app.folder, name);
  for (const kind of KIND_NAMES) {
    const { status, stderr } = lrmIn(app, 'new', '--json', kind, 'of', 'it', '--kind', kind);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
  return app;
}

function runTests(app: Application, ...options: string[]) {
  const tests = Object.keys(filesOf(app)).filter((file) => file.includes('.test.'));
  const { status, stdout } = spawnSync(
    process.execPath,
    [...options, '--test', '--test-concurrency=1', ...tests],
    {
      cwd: app.folder,
      encoding: 'utf8',
      env: cleanEnvironment({
        TEST_DATABASE_URL: database.databaseUrl,
        NODE_TEST_CONTEXT: undefined,
      }),
    },
  );
  return { status, stdout };
}

test('each kind in TypeScript compiles and passes its own test, with a kill in the middle', () => {
  const app = withAllKinds({ 'package.json': '{ "type": "module" }', 'tsconfig.json': TSCONFIG });

  const tsc = path.join(projectFolder, 'node_modules/typescript/bin/tsc');
  const compiled = spawnSync(process.execPath, [tsc, '-p', '.'], {
    cwd: app.folder,
    encoding: 'utf8',
  });
  expect(compiled.stdout).toBe('');
  expect(runTests(app, '--import', 'tsx')).toMatchObject({ status: 0 });
}, 240_000);

test('each kind in JavaScript, CommonJS, passes its own test', () => {
  const app = withAllKinds({ 'package.json': '{}' });
  expect(app.read('jobs/0001_batches_of_it.js')).toContain("} = require('drizzle-orm');");
  expect(runTests(app)).toMatchObject({ status: 0 });
}, 240_000);

test('jest and vitest get their own assertions, and time for the kill', () => {
  const jest = application({
    'lrm.config.mjs': CONFIG,
    'package.json': '{ "devDependencies": { "jest": "*" } }',
  });
  const vitest = application({
    'lrm.config.mjs': CONFIG,
    'package.json': '{ "devDependencies": { "vitest": "*" } }',
  });
  for (const app of [jest, vitest]) {
    lrmIn(app, 'new', 'x');
    const text = app.read('jobs/0001_x.test.js');
    expect(text).toContain('expect(result.error).toEqual(null);');
    expect(text).toContain('}, 60_000);');
  }
  expect(jest.read('jobs/0001_x.test.js')).not.toContain('expect, test');
  expect(vitest.read('jobs/0001_x.test.js')).toContain("import { expect, test } from 'vitest';");
});

test('the job names the schema that its columns come from', () => {
  const app = application({
    'package.json': '{}',
    'lrm.config.mjs': `export default { jobs: './jobs', drizzleSchema: './db/schema.ts' };`,
  });
  lrmIn(app, 'new', 'x', '--kind', 'rows');
  expect(app.read('jobs/0001_x.js')).toContain('copy them from ./db/schema.ts');
});

test('an unknown kind is refused in one line that lists all, and nothing is written', () => {
  const app = application({ 'package.json': '{}', 'lrm.config.mjs': CONFIG });
  const before = filesOf(app);
  const { status, stderr } = lrmIn(app, 'new', 'x', '--kind', 'nightly');
  expect(status).toBe(2);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain(KIND_NAMES.join(', '));
  expect(filesOf(app)).toEqual(before);
});

/** Answers the question. Null: the terminal is closed, as by Ctrl-D. */
async function ask(answer: string | null): Promise<string> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  if (answer === null) input.end();
  else input.write(`${answer}\n`);
  return askKind(input, output);
}

test.each([
  ['', 'batches'],
  ['2', 'rows'],
  [' each ', 'each'],
])('on a terminal, the answer %j is the kind %s', async (answer, kind) => {
  expect(await ask(answer)).toBe(kind);
});

test('other answers change nothing', async () => {
  await expect(ask('9')).rejects.toThrow("'9' is not a kind of job: type one of batches,");
  await expect(ask('toString')).rejects.toThrow("'toString' is not a kind of job");
  await expect(ask(null)).rejects.toThrow('nothing was changed');
});
