import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../settings/usageError';

/** A file to create: its path relative to the application, and its text. */
export interface NewFile {
  readonly file: string;
  readonly text: string;
}

/**
 * Creates all of the files and then calls `after`, or leaves the folder as it was.
 * @param after does what else belongs to them; when it throws, the files are removed again
 * @throws UsageError when a file exists or can't be written
 */
export function createFiles<T>(folder: string, files: readonly NewFile[], after: () => T): T {
  const made: string[] = [];
  try {
    for (const { file, text } of files) {
      const target = path.join(folder, file);
      const newFolder = mkdirSync(path.dirname(target), { recursive: true });
      if (newFolder) made.push(newFolder);
      if (existsSync(target)) throw new UsageError(`${file} exists already: nothing was changed`);
      writeFileSync(target, text, { flag: 'wx' });
      made.push(target);
    }
    return after();
  } catch (error) {
    for (const each of made.reverse()) rmSync(each, { recursive: true, force: true });
    throw error instanceof UsageError ? error : notWritten(error);
  }
}

function notWritten(error: unknown): UsageError {
  const { code, path: file } = error as NodeJS.ErrnoException;
  if (!code) throw error;
  return new UsageError(`${file ?? 'a file'} can't be written (${code}): nothing was changed`);
}
