import { createHash } from 'node:crypto';
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
  const warnings: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  const kinds = new Map(entries.map((entry) => [entry.name, entry]));
  const found = [...kinds.keys()].filter((file) => !NO_JOB.test(file));
  // Each listing and each attempt reads the folder, so only links and unknown kinds are looked at.
  const isFile = async (file: string) =>
    kinds.get(file)?.isFile() ||
    ((await stat(path.join(folder, file)).catch(() => undefined))?.isFile() ?? false);
  for (const ending of ENDINGS) {
    for (const file of found.filter((each) => path.extname(each) === ending)) {
      const name = path.basename(file, ending);
      if (isJobName(name)) {
        if (!(await isFile(file))) warnings.push(`${file}: not a readable file`);
        else if (!files.has(name)) files.set(name, path.join(folder, file));
      } else if (/^[0-9]/.test(name)) {
        warnings.push(`${file}: not a job's name; write it as 0001_lower_case`);
      }
    }
  }
  return { files, warnings: [...warnings, ...sameNumber([...files.keys()])] };
}

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
