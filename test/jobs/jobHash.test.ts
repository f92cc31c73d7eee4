import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hashOfJob } from '../../jobs/jobHash';

let folder: string;

beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'lrm-hash-')), 'jobs');
  mkdirSync(path.join(folder, 'lib/deep'), { recursive: true });
  write('0001_a.ts', "import { hash } from './lib/hash.js';\nimport type { Row } from '../rows';");
  write('lib/hash.ts', "export * from './deep';");
  write('lib/deep/index.ts', "export const hash = require('../salt.json');");
  write('lib/salt.json', '"salt"');
  write('lib/other.ts', 'export {};');
  write('../rows.ts', 'export {};');
});

afterEach(() => rmSync(path.dirname(folder), { recursive: true }));

const write = (file: string, text: string) => writeFileSync(path.join(folder, file), text);
const hash = () => hashOfJob(path.join(folder, '0001_a.ts'), folder);

test.each(['0001_a.ts', 'lib/hash.ts', 'lib/deep/index.ts', 'lib/salt.json'])(
  'the hash of a job changes with %s, which it runs',
  async (file) => {
    const before = await hash();
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash()).toBe(before);
    write(file, "import './lib/hash.js'; // changed");
    expect(await hash()).not.toBe(before);
  },
);

test.each(['lib/other.ts', '../rows.ts'])(
  'and not with %s, which it does not import or which lies elsewhere',
  async (file) => {
    const before = await hash();
    write(file, '// changed');
    expect(await hash()).toBe(before);
  },
);

test('the same code in another folder has the same hash', async () => {
  const before = await hash();
  const copy = path.join(path.dirname(folder), 'copy');
  cpSync(folder, copy, { recursive: true });
  expect(await hashOfJob(path.join(copy, '0001_a.ts'), copy)).toBe(before);
});

test('files that import each other have a hash, and a file that is gone has none', async () => {
  write('lib/salt.json', '"salt"');
  write('lib/deep/index.ts', "require('../hash'); require('./missing'); import(`../../0001_a`);");
  expect(await hash()).toMatch(/^[0-9a-f]{64}$/);
  rmSync(path.join(folder, '0001_a.ts'));
  expect(await hash()).toBeUndefined();
});
