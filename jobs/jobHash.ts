import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ENDINGS } from './catalog';

/**
 * Hash of what runs as a job: its file, and what it imports from the folder of the jobs, directly or
 * through other files there. Two attempts with the same hash ran the same code, as far as it lies
 * there: packages, and files elsewhere, are not looked at.
 *
 * The files are read, not run. What stands after `from`, `import` and `require` is taken, wherever it
 * stands: a file too many only makes the hash change more often.
 * @param folder the folder of the jobs
 * @returns undefined when the file can't be read
 */
export async function hashOfJob(file: string, folder: string): Promise<string | undefined> {
  const contents = new Map<string, Buffer>();
  const waiting = [file];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (contents.has(next)) continue;
    const content = await readFile(next).catch(() => undefined);
    if (content === undefined) {
      // It was there a moment ago. Without an imported one the job will not load, and says so.
      if (next === file) return undefined;
      continue;
    }
    contents.set(next, content);
    if (CODE.includes(path.extname(next))) {
      waiting.push(...(await importedBy(next, content.toString('utf8'), folder)));
    }
  }
  const hash = createHash('sha256');
  // By their places in the folder: another machine has the folder elsewhere.
  for (const [each, content] of [...contents].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${path.relative(folder, each)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

const CODE: readonly string[] = [...ENDINGS, '.mts', '.cts'];

/** './lib/hash' in `from './lib/hash'`, `import('./lib/hash')` and `require("./lib/hash")`. */
const RELATIVE = /\b(?:from|import|require)\b\s*\(?\s*['"`](\.{1,2}\/[^'"`\n]+)['"`]/g;

async function importedBy(file: string, source: string, folder: string): Promise<string[]> {
  const requests = [...source.matchAll(RELATIVE)].map(([, request = '']) => request);
  const found = await Promise.all(
    [...new Set(requests)].map((request) => resolve(path.resolve(path.dirname(file), request))),
  );
  return found.filter((each): each is string => each !== undefined && isIn(folder, each));
}

/** As Node, tsx and the usual compilers look: with an ending, instead of one, or in a folder. */
async function resolve(target: string): Promise<string | undefined> {
  const { dir, name } = path.parse(target);
  const candidates = [
    target,
    ...CODE.map((ending) => target + ending),
    ...CODE.map((ending) => path.join(dir, name + ending)),
    ...CODE.map((ending) => path.join(target, `index${ending}`)),
  ];
  for (const candidate of candidates) {
    if ((await stat(candidate).catch(() => undefined))?.isFile()) return candidate;
  }
  return undefined;
}

function isIn(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return !relative.startsWith('..') && !path.isAbsolute(relative);
}
