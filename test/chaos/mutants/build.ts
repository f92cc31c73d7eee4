import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectFolder } from '../../../settings/projectFolder';
import type { Edit, Mutant } from './mutant';

/** A build with a planted fault. */
export interface MutantBuild {
  /** Runs a worker of it, whose job processes are of this build, too. */
  readonly worker: string;
  remove(): void;
}

/** What bin/build.js reads, besides the packages. Not test/: its programs are those of this build. */
const SOURCES = [
  'activities',
  'bin',
  'client',
  'drizzle',
  'jobs',
  'patches',
  'settings',
  'worker',
  'workflows',
  'package.json',
  'tsconfig.json',
];

/**
 * Builds the checkout as it is now, with a planted fault, in a temporary folder.
 * @throws Error when an edit does not fit the sources, or the build fails
 */
export function buildMutant(mutant: Mutant): MutantBuild {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-mutant-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    for (const source of SOURCES) {
      cpSync(path.join(projectFolder, source), path.join(folder, source), { recursive: true });
    }
    linkPackages(path.join(folder, 'node_modules'));
    for (const edit of mutant.edits) apply(mutant.name, edit, folder);
    if (mutant.without) revert(mutant.without, folder);
    execFileSync(process.execPath, ['bin/build.js'], { cwd: folder, stdio: 'pipe' });
    return { worker: path.join(folder, 'dist/workerMain.js'), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** @throws Error when what is to be replaced does not occur exactly once */
export function edited(mutant: string, { file, find, replace }: Edit, text: string): string {
  const [before, after, ...more] = text.split(find);
  if (after !== undefined && more.length === 0) return `${before}${replace}${after}`;
  const times = after === undefined ? 'not at all' : `${more.length + 1} times`;
  throw new Error(
    `mutant ${mutant} does not fit ${file} any more: what it replaces occurs there ${times} ` +
      `instead of once:\n${find}`,
  );
}

function apply(mutant: string, edit: Edit, folder: string): void {
  const file = path.join(folder, edit.file);
  writeFileSync(file, edited(mutant, edit, readFileSync(file, 'utf8')));
}

/** The driver is copied, since it may be changed. The others are the installed ones. */
function linkPackages(folder: string): void {
  const installed = path.join(projectFolder, 'node_modules');
  mkdirSync(folder);
  for (const name of readdirSync(installed)) {
    if (name === 'postgres')
      cpSync(path.join(installed, name), path.join(folder, name), { recursive: true });
    else symlinkSync(path.join(installed, name), path.join(folder, name));
  }
}

function revert(patch: string, folder: string): void {
  execFileSync('git', ['apply', '--reverse', patch], { cwd: folder, stdio: 'pipe' });
}
