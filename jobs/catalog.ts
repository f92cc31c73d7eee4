import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** What a migration may be called; the table's CHECK says the same. */
export const NAME = /^[0-9]{4}_[a-z0-9_]+$/;
/** Column width of the name. */
export const NAME_AT_MOST = 255;

/** In order of preference: a compiled job wins over its own source beside it. */
const ENDINGS = ['.js', '.cjs', '.mjs', '.ts'];

/** The job files of one folder. */
export interface Catalog {
  /** Name to file. */
  readonly files: ReadonlyMap<string, string>;
  /** What an operator should know: two with one number, a name that can't be registered. */
  readonly warnings: readonly string[];
}

/**
 * Lists the jobs in `folder`. A file is found by looking for its name in this list, never by making
 * a path of a name: a name can't leave the folder.
 */
export async function readCatalog(folder: string): Promise<Catalog> {
  const files = new Map<string, string>();
  const warnings: string[] = [];
  const found = (await readdir(folder)).filter((file) => !file.endsWith('.d.ts'));
  const isFile = async (file: string) =>
    (await stat(path.join(folder, file)).catch(() => undefined))?.isFile() ?? false;
  for (const ending of ENDINGS) {
    for (const file of found.filter((each) => path.extname(each) === ending)) {
      const name = path.basename(file, ending);
      if (isName(name)) {
        if (!(await isFile(file))) warnings.push(`${file}: not a file that can be read`);
        else if (!files.has(name)) files.set(name, path.join(folder, file));
      } else if (/^[0-9]/.test(name)) {
        warnings.push(`${file}: not a job's name; write it as 0001_lower_case`);
      }
    }
  }
  return { files, warnings: [...warnings, ...sameNumber([...files.keys()])] };
}

/** Whether a migration may be called so. */
export function isName(name: string): boolean {
  return NAME.test(name) && name.length <= NAME_AT_MOST;
}

/** Numbers used twice are allowed, since branches meet, but seldom meant. */
export function sameNumber(names: readonly string[]): string[] {
  const byNumber = new Map<string, string[]>();
  for (const name of [...names].sort()) {
    byNumber.set(name.slice(0, 4), [...(byNumber.get(name.slice(0, 4)) ?? []), name]);
  }
  return [...byNumber.values()]
    .filter((group) => group.length > 1)
    .map(
      (group) => `the same number twice: ${group.join(', ')}; they run in order of registration`,
    );
}

/** What a job's code is, for caching what was read from it. */
export async function hashOf(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
