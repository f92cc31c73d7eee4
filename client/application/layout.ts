import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../settings/usageError';
import { depends, type PackageJson, readPackageJson } from './packageJson';
import { type Build, readBuild } from './tsconfig';

/** What can be seen of an application's folder. */
export interface Layout {
  readonly folder: string;
  readonly packageJson: PackageJson;
  readonly language: Language;
  /** Undefined for an application in JavaScript. */
  readonly build: Build | undefined;
  readonly runner: TestRunner;
  /** The folder of its tests, relative, if there is one. */
  readonly tests: string | undefined;
  /** The configuration of drizzle-kit, relative, if there is one. */
  readonly drizzleConfig: string | undefined;
  readonly prisma: boolean;
}

export interface Language {
  readonly typescript: boolean;
  /** Whether a .js file of the application is an ES module. */
  readonly esm: boolean;
}

/** 'node': the test runner of Node itself, where the application has none of the others. */
export interface TestRunner {
  readonly name: 'jest' | 'vitest' | 'node';
  /** Whether jest's test() and expect() are known without an import. */
  readonly globals: boolean;
}

/** @throws UsageError when package.json or tsconfig.json can't be read */
export function readLayout(folder: string): Layout {
  const packageJson = readPackageJson(folder);
  const files = list(folder);
  const typescript = files.includes('tsconfig.json') || depends('typescript', packageJson);
  return {
    folder,
    packageJson,
    language: { typescript, esm: packageJson.type === 'module' },
    build: files.includes('tsconfig.json') ? readBuild(folder, files) : undefined,
    runner: testRunner(packageJson, typescript),
    tests: ['test', 'tests', '__tests__'].find((name) => files.includes(name)),
    drizzleConfig: files.find((name) => /^drizzle\.config\.([cm]?[jt]s|json)$/.test(name)),
    prisma: existsSync(path.join(folder, 'prisma', 'schema.prisma')),
  };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new UsageError(`${folder} can't be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function testRunner(packageJson: PackageJson, typescript: boolean): TestRunner {
  if (depends('vitest', packageJson)) return { name: 'vitest', globals: false };
  if (!depends('jest', packageJson)) return { name: 'node', globals: false };
  return { name: 'jest', globals: !typescript || depends('@types/jest', packageJson) };
}

/** Where the test of a job lies: in a folder of the tests, or beside the job. Relative. */
export function testFile(layout: Layout, jobs: string, name: string): string {
  const ending = layout.language.typescript ? 'ts' : 'js';
  const folder = layout.tests ? path.join(layout.tests, 'jobs') : jobs;
  return path.join(folder, `${name}.test.${ending}`);
}

/** How the files of an application say it: ES modules and TypeScript, or CommonJS. */
export const isEsm = ({ language }: Layout): boolean => language.typescript || language.esm;

/** The job's file. Relative. */
export const jobFile = ({ language }: Layout, jobs: string, name: string): string =>
  path.join(jobs, `${name}.${language.typescript ? 'ts' : 'js'}`);

/** What to type to run a test file. */
export function testCommand({ runner, language }: Layout, exec: string, file: string): string {
  if (runner.name === 'jest') return `${exec} jest ${file}`;
  if (runner.name === 'vitest') return `${exec} vitest run ${file}`;
  return language.typescript ? `${exec} tsx --test ${file}` : `node --test ${file}`;
}
