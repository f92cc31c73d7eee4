import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { isJobName, jobOf } from '../settings/migrationName';

/** In order of preference: a compiled job comes before its source in the same folder. */
export const ENDINGS: readonly string[] = ['.js', '.cjs', '.mjs', '.ts'];

/** Declarations, and tests that lie beside their jobs. */
const NO_JOB = /\.(d|test|spec)\.[a-z]+$/;

/** The job files of one folder. */
export interface Catalog {
  /** The path of each job's file, by the job's name. */
  readonly files: ReadonlyMap<string, string>;
  /** For the operator: two jobs with one number, a name that can't be registered. */
  readonly warnings: readonly string[];
}

/**
 * Lists the jobs in `folder`. A job's file is looked up in this list. No path is ever built from a
 * name, so a name such as ../x can't reach another folder.
 */
export async function readCatalog(folder: string): Promise<Catalog> {
  const files = new Map<string, string>();
  const wrong: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  // One pass: each listing and each attempt reads the folder, in which there may be thousands of files.
  const found = new Map(ENDINGS.map((ending) => [ending, [] as Dirent[]]));
  for (const entry of entries) {
    const ofEnding = found.get(path.extname(entry.name));
    if (ofEnding && !NO_JOB.test(entry.name)) ofEnding.push(entry);
  }
  for (const [ending, ofEnding] of found) {
    for (const entry of ofEnding) {
      const name = path.basename(entry.name, ending);
      if (isJobName(name)) {
        // Only links and unknown kinds are looked at.
        if (!entry.isFile() && !(await isFile(path.join(folder, entry.name)))) {
          wrong.push(`${entry.name}: not a readable file`);
        } else if (!files.has(name)) files.set(name, path.join(folder, entry.name));
      } else if (/^[0-9]/.test(name)) {
        wrong.push(`${entry.name}: not a job's name; write it as 0001_lower_case`);
      }
    }
  }
  return {
    files,
    // Not before somebody asks for them: to compare all names takes as long as all the rest.
    get warnings() {
      return [...wrong, ...sameNumber([...files.keys()])];
    },
  };
}

const isFile = async (file: string): Promise<boolean> =>
  (await stat(file).catch(() => undefined))?.isFile() ?? false;

/** The file of a migration: its targets share it. Undefined when there is none. */
export const fileOf = (files: ReadonlyMap<string, string>, migration: string): string | undefined =>
  files.get(jobOf(migration));

/** Two jobs may have one number, since branches are merged, but often that is a mistake. */
export function sameNumber(names: readonly string[]): string[] {
  const byNumber = new Map<string, string[]>();
  for (const name of [...new Set(names.map(jobOf))].sort()) {
    byNumber.set(name.slice(0, 4), [...(byNumber.get(name.slice(0, 4)) ?? []), name]);
  }
  return [...byNumber.values()]
    .filter((group) => group.length > 1)
    .map(
      (group) => `the same number twice: ${group.join(', ')}; they run in order of registration`,
    );
}

/** Hash of a job's code, the key for caching what was read from it. */
export async function hashOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
