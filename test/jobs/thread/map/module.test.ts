import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { findModule } from '../../../../jobs/thread/map/module';
import { useApplications } from '../../../support/application';

const application = useApplications();

test.each([
  ['./hash.js', ['hash.js', 'hash.ts'], 'hash.js'],
  ['./hash.js', ['hash.ts'], 'hash.ts'],
  ['./hash.ts', ['hash.js'], 'hash.js'],
  ['./hash', ['hash.mjs', 'hash.ts'], 'hash.mjs'],
  ['../lib/hash.js', ['../lib/hash.ts'], '../lib/hash.ts'],
])('%s is found before and after a build (%j)', (module, files, expected) => {
  const { folder } = application({
    'package.json': '{}',
    'jobs/0001_a.ts': '',
    ...Object.fromEntries(files.map((file) => [path.join('jobs', file), ''])),
  });
  const jobs = path.join(folder, 'jobs');
  expect(findModule(path.join(jobs, '0001_a.ts'), module)).toBe(path.join(jobs, expected));
});

test('a module outside of the package is refused, also through a link', () => {
  const { folder } = application({
    'outside.js': '',
    'app/package.json': '{}',
    'app/jobs/0001_a.js': '',
  });
  const job = path.join(folder, 'app/jobs/0001_a.js');
  symlinkSync(path.join(folder, 'outside.js'), path.join(folder, 'app/jobs/link.js'));
  for (const module of ['../../outside.js', './link.js']) {
    expect(() => findModule(job, module)).toThrow(
      `job.map: ${module} is outside of the package of 0001_a.js`,
    );
  }
});

test('a job in a linked folder finds its modules', () => {
  const { folder } = application({
    'real/package.json': '{}',
    'real/0001_a.js': '',
    'real/b.js': '',
  });
  symlinkSync(path.join(folder, 'real'), path.join(folder, 'jobs'));
  const jobs = path.join(folder, 'jobs');
  expect(findModule(path.join(jobs, '0001_a.js'), './b.js')).toBe(path.join(jobs, 'b.js'));
});
