import path from 'node:path';
import { expect, test } from '@jest/globals';
import { JobProcess } from '../../../jobs/process/jobProcess';
import type { FromJobProcess } from '../../../jobs/process/messages';
import { useApplications } from '../../support/application';

const application = useApplications();

const FACTS = {
  dependsOn: [{ name: '0000_first', or: [] }],
  options: { maxFailures: 3 },
  ready: true,
};
const FIELDS = `dependsOn: ['0000_first'], options: { maxFailures: 3 }, run: async () => {}, ready() {}`;
const DEFAULT = `import { defineJob } from 'long-running-migrations';
export default defineJob({ ${FIELDS} });`;
const NAMED = `export const dependsOn = ['0000_first'];
export const options = { maxFailures: 3 };
export async function run() {}
export async function ready() {}`;

const COMMONJS = '{ "type": "commonjs" }';
const ESM = '{ "type": "module" }';

/** Reads the job in a process of its own, as the worker does. */
async function inspect(files: Record<string, string>, job: string): Promise<FromJobProcess> {
  const file = path.join(application(files).folder, job);
  const jobProcess = new JobProcess(256);
  try {
    return await new Promise((resolve, reject) => {
      jobProcess.onMessage(resolve);
      void jobProcess.ended.then((end) => reject(new Error(`it ended: ${JSON.stringify(end)}`)));
      jobProcess.begin({ task: 'inspect', file, errorDetail: 'full' });
    });
  } finally {
    await jobProcess.end();
  }
}

test.each([
  ['an ESM default export', ESM, '0001_a.mjs', DEFAULT],
  [
    'a compiled default export',
    COMMONJS,
    '0001_a.js',
    `"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const lrm = require("long-running-migrations");
exports.default = (0, lrm.defineJob)({ ${FIELDS} });`,
  ],
  [
    'module.exports',
    COMMONJS,
    '0001_a.cjs',
    `module.exports = require('long-running-migrations').defineJob({ ${FIELDS} });`,
  ],
  ['plain exports of ESM', ESM, '0001_a.js', NAMED],
  [
    'plain exports of CommonJS that Node does not detect',
    COMMONJS,
    '0001_a.js',
    `Object.assign(exports, { ${FIELDS} });`,
  ],
  ['a default export of TypeScript, CommonJS', COMMONJS, '0001_a.ts', DEFAULT],
  ['plain exports of TypeScript, CommonJS', COMMONJS, '0001_a.ts', NAMED],
  [
    'TypeScript with top-level await, ESM',
    ESM,
    '0001_a.ts',
    `${DEFAULT}\nconst one: number = await Promise.resolve(1);\nvoid one;`,
  ],
])('a job is found in %s', async (_, packageJson, job, source) => {
  const found = await inspect({ 'package.json': packageJson, [job]: source }, job);
  expect(found).toMatchObject({ type: 'facts', facts: { ...FACTS, reverts: false } });
});

test.each([
  ['ESM', ESM],
  ['CommonJS', COMMONJS],
])('a TypeScript job may use path aliases of its tsconfig (%s)', async (_, packageJson) => {
  const found = await inspect(
    {
      'package.json': packageJson,
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@app/*": ["./src/*"] } } }',
      'src/facts.ts': `export const facts = { ${FIELDS} };`,
      'jobs/0001_a.ts': `import { facts } from '@app/facts';
export default { ...facts };`,
    },
    'jobs/0001_a.ts',
  );
  expect(found).toMatchObject({ type: 'facts', facts: { ...FACTS, reverts: false } });
});

test('a file without a job gets a message with both forms', async () => {
  const found = await inspect({ '0001_a.mjs': 'export default { walk() {} };' }, '0001_a.mjs');
  expect(found).toMatchObject({ type: 'failed' });
  const text = JSON.stringify(found);
  expect(text).toContain('export default defineJob({ async run(job) { … } })');
  expect(text).toContain('export async function run(job) { … }');
});

test('what is exported beside an `export default` that lacks it is not passed over', async () => {
  const beside = NAMED.replace('export async function run() {}', '');
  const source = `${beside}\nexport default { run() {}, options: { maxFailures: 4 } };`;
  const found = await inspect({ 'package.json': ESM, '0001_a.js': source }, '0001_a.js');
  expect(found).toMatchObject({ type: 'facts', facts: { ...FACTS, options: { maxFailures: 4 } } });
});

test.each([
  ['verify', 'export const verify = 0;'],
  ['ready', "export const ready = 'soon';"],
  ['verify', 'export default { run() {}, verify: {} };'],
  ['ready', 'export default { run() {}, ready: null };'],
])('%s that is not a function is refused at load: %s', async (name, extra) => {
  const source = `export function run() {}\n${extra}`;
  const found = await inspect({ 'package.json': ESM, '0001_a.js': source }, '0001_a.js');
  expect(found).toMatchObject({
    type: 'failed',
    during: 'load',
    error: {
      name: 'UsageError',
      message: `${name}: is not a function; write export async function ${name}(job) { … }`,
    },
  });
});
