import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { projectFolder } from '../settings/projectFolder';
import type { Settings } from '../settings/settings';
import { ENDINGS } from './catalog';

/** A version of the workers, as Temporal knows it. */
export interface Version {
  readonly deploymentName: string;
  readonly buildId: string;
}

/** The version of the workers with these settings. Undefined: they have none (no LRM_DEPLOYMENT). */
export async function versionOf(
  settings: Pick<Settings, 'LRM_DEPLOYMENT' | 'LRM_BUILD_ID' | 'LRM_JOBS_DIR'>,
): Promise<Version | undefined> {
  const { LRM_DEPLOYMENT: deploymentName, LRM_BUILD_ID, LRM_JOBS_DIR } = settings;
  if (deploymentName === undefined) return undefined;
  return { deploymentName, buildId: LRM_BUILD_ID ?? (await defaultBuildId(LRM_JOBS_DIR)) };
}

/** So many digits of a hash are enough to tell builds apart. */
const DIGITS = 12;

/**
 * What decides how migrations run: the version of this package, whose workflows they run in, and the
 * code of the jobs. So two builds of an application differ exactly when one of these differs, and
 * every machine with the same build gives the same answer, without a setting.
 */
async function defaultBuildId(jobs: string): Promise<string> {
  const { version } = JSON.parse(readFileSync(path.join(projectFolder, 'package.json'), 'utf8'));
  const hash = createHash('sha256');
  for (const file of await codeIn(jobs)) {
    const content = await readFile(path.join(jobs, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return `${version}-${hash.digest('hex').slice(0, DIGITS)}`;
}

/** The code in a folder of jobs and below, relative to it, in an order that no file system changes. */
async function codeIn(folder: string, below = ''): Promise<string[]> {
  const entries = await readdir(path.join(folder, below), { withFileTypes: true });
  const found = entries.map(async (entry) => {
    const name = path.posix.join(below, entry.name);
    if (entry.isDirectory() && !PASSED_OVER.test(entry.name)) return codeIn(folder, name);
    return entry.isFile() && ENDINGS.includes(path.extname(name)) ? [name] : [];
  });
  return (await Promise.all(found)).flat().sort();
}

const PASSED_OVER = /^(node_modules|\..*)$/;
