import { existsSync } from 'node:fs';
import path from 'node:path';

/** Names that a configuration file may have. */
export const CONFIG_FILES = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map(
  (ending) => `lrm.config.${ending}`,
);

/** The nearest of these files in `from` or a folder above it; undefined when there is none. */
export function findUpwards(from: string, names: readonly string[]): string | undefined {
  for (let folder = path.resolve(from); ; folder = path.dirname(folder)) {
    const found = names.map((name) => path.join(folder, name)).find((file) => existsSync(file));
    if (found) return found;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** The application's folder: where its configuration lies, else the nearest package.json. */
export function applicationFolder(from: string = process.cwd()): string {
  const found = findUpwards(from, CONFIG_FILES) ?? findUpwards(from, ['package.json']);
  return found ? path.dirname(found) : from;
}
