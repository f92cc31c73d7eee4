import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { jobsFolderProblem } from '../../settings/jobsFolder';

const folder = mkdtempSync(path.join(tmpdir(), 'lrm-jobs-'));
afterAll(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

test('a folder is one that can be listed', () => {
  const file = path.join(folder, '0001_sample.js');
  writeFileSync(file, '');
  expect(jobsFolderProblem(folder)).toBeUndefined();
  for (const wrong of [file, path.join(folder, 'missing')]) {
    expect(jobsFolderProblem(wrong)).toMatch(
      `'${wrong}' is not a folder; write the folder of your`,
    );
  }
});

test('a folder of another user is named with what to type', () => {
  chmodSync(folder, 0o000);
  // Root may read everything.
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65534);
  try {
    expect(jobsFolderProblem(folder)).toBe(
      `'${folder}' can't be read by the user of this process; type: chmod -R a+rX ${folder}`,
    );
  } finally {
    if (root) process.seteuid?.(0);
  }
});
