import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { fileOf, readCatalog } from '../../jobs/catalog';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lrm-catalog-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (...files: string[]) => {
  for (const file of files) writeFileSync(path.join(folder, file), '');
};

test('readCatalog prefers a compiled job to its source', async () => {
  write('0001_a.ts', '0001_a.js', '0001_a.d.ts', '0002_b.ts', '0003_c.mjs', '0004_d.cjs');

  const { files, warnings } = await readCatalog(folder);

  expect(Object.fromEntries(files)).toEqual({
    '0001_a': path.join(folder, '0001_a.js'),
    '0002_b': path.join(folder, '0002_b.ts'),
    '0003_c': path.join(folder, '0003_c.mjs'),
    '0004_d': path.join(folder, '0004_d.cjs'),
  });
  expect(warnings).toEqual([]);
});

test('readCatalog ignores other files and folders', async () => {
  write('helpers.js', '0001_a.json', '0001_a.js.map');
  mkdirSync(path.join(folder, 'context'));

  expect(await readCatalog(folder)).toEqual({ files: new Map(), warnings: [] });
});

test('readCatalog warns about a folder and a wrong name in place of a job', async () => {
  write('0002_Upper.js', '0003_a.js', '0003_b.js');
  mkdirSync(path.join(folder, '0001_folder.js'));

  const { files, warnings } = await readCatalog(folder);

  expect([...files.keys()].sort()).toEqual(['0003_a', '0003_b']);
  expect([...warnings].sort()).toEqual([
    '0001_folder.js: not a readable file',
    "0002_Upper.js: not a job's name; write it as 0001_lower_case",
    'the same number twice: 0003_a, 0003_b; they run in order of registration',
  ]);
});

test('all targets of a job have its file', async () => {
  write('0001_a.js');
  const { files } = await readCatalog(folder);
  expect(fileOf(files, '0001_a:tenant_7')).toBe(path.join(folder, '0001_a.js'));
  expect(fileOf(files, '0001_a')).toBe(path.join(folder, '0001_a.js'));
  expect(fileOf(files, '0001_a:../0002_b')).toBeUndefined();
});
