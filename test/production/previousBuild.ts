import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectFolder } from '../../settings/projectFolder';

/** The package as it was at an earlier commit, built. */
export interface PreviousBuild {
  readonly commit: string;
  /** Runs a worker of it. */
  readonly worker: string;
  /** Its `lrm`. */
  readonly lrm: string;
  remove(): void;
}

/**
 * Builds the package of an earlier commit in a temporary folder, with the packages that are installed
 * here.
 * @param commit default: the last one before the newest file of drizzle/sql was added
 */
export function buildPrevious(commit: string = beforeNewestSchema()): PreviousBuild {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-previous-'));
  const archive = execFileSync('git', ['archive', commit], { cwd: projectFolder, maxBuffer: 1e9 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder, 'node_modules'));
  execFileSync(process.execPath, ['bin/build.js'], { cwd: folder, stdio: 'inherit' });
  return {
    commit,
    worker: path.join(folder, 'dist/workerMain.js'),
    lrm: path.join(folder, 'bin/lrm.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function beforeNewestSchema(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: projectFolder, encoding: 'utf8' }).trim();
  const newest = git('ls-files', 'drizzle/sql/*.sql').split('\n').sort().at(-1) ?? '';
  const added = git('log', '--diff-filter=A', '--format=%H', '--', newest).split('\n').at(-1);
  return git('rev-parse', `${added}^`);
}
