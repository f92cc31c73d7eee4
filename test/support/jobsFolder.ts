import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectFolder } from '../../settings/projectFolder';

/** A folder of jobs for LRM_JOBS_DIR. */
export interface JobsFolder {
  readonly path: string;
  /** Writes `name`.js, a CommonJS file that can require the project's packages. Returns its path. */
  writeJob(name: string, source: string): string;
  removeJob(name: string): void;
  remove(): void;
}

export function createJobsFolder(): JobsFolder {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-jobs-'));
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder, 'node_modules'));
  const file = (name: string) => path.join(folder, `${name}.js`);
  return {
    path: folder,
    writeJob: (name, source) => {
      writeFileSync(file(name), source);
      return file(name);
    },
    removeJob: (name) => rmSync(file(name)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
