import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { findUpwards } from '../../../settings/applicationFolder';
import { ENDINGS } from '../../catalog';
import { JobUsageError } from '../../context/jobUsageError';

/**
 * The file of a module that a job names relative to its own file. './hash.js' is also hash.ts where
 * that is not compiled yet, and './hash' is any of them: the same text works before and after a build.
 * @param job the job's file
 * @throws JobUsageError when there is no such file, or it is outside of the job's package
 */
export function findModule(job: string, module: string): string {
  if (typeof module !== 'string' || !/^\.\.?\//.test(module)) {
    throw new JobUsageError(
      "job.map needs a module's path, relative to the job's file: job.map(rows, './hash.js')",
    );
  }
  const asWritten = path.resolve(path.dirname(job), module);
  const file = candidates(asWritten).find((each) => existsSync(each));
  if (!file) {
    throw new JobUsageError(`job.map: there is no module ${module} beside ${path.basename(job)}`);
  }
  requireInside(job, file, module);
  return file;
}

function candidates(file: string): string[] {
  const ending = path.extname(file);
  const stem = ENDINGS.includes(ending) ? file.slice(0, -ending.length) : file;
  const all = ENDINGS.map((each) => `${stem}${each}`);
  return ENDINGS.includes(ending) ? [file, ...all] : all;
}

/** A path made of data must not reach a file that the application doesn't consist of. */
function requireInside(job: string, file: string, module: string): void {
  const real = realpathSync(job);
  const packageJson = findUpwards(path.dirname(real), ['package.json']);
  const folder = path.dirname(packageJson ?? real);
  const steps = path.relative(folder, realpathSync(file)).split(path.sep);
  if (steps[0] === '..' || path.isAbsolute(steps[0] ?? '')) {
    throw new JobUsageError(
      `job.map: ${module} is outside of the package of ${path.basename(job)}`,
    );
  }
}
