import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../../settings/usageError';
import type { JobContext } from '../context/index';
import type { JobFacts } from '../process/messages';
import { traceToSources } from '../process/place';
import { readDependsOn, readOptions } from './facts';

/** A job file, loaded. */
export interface LoadedJob extends JobFacts {
  readonly run: (job: JobContext) => unknown;
}

/**
 * Loads a job file; only ever in a thread, since its top level may do anything.
 * @throws UsageError when it has no run() or says impossible things of itself; else what it threw.
 */
export async function loadJob(file: string): Promise<LoadedJob> {
  traceToSources();
  const exported = await load(file);
  const run = exported['run'];
  if (typeof run !== 'function') {
    throw new UsageError(
      `no function 'run' is exported; write: export async function run(job) { … }`,
    );
  }
  return {
    run: run as LoadedJob['run'],
    options: readOptions(exported['options']),
    dependsOn: readDependsOn(exported['dependsOn']),
  };
}

async function load(file: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(file).href;
  const module: Record<string, unknown> =
    path.extname(file) === '.ts' ? await loadTypeScript(url) : await import(url);
  const standard = module['default'];
  // What a CommonJS file exports in a way that Node doesn't foresee is found under `default`.
  return typeof standard === 'object' && standard !== null ? { ...standard, ...module } : module;
}

async function loadTypeScript(url: string): Promise<Record<string, unknown>> {
  try {
    const [forRequire, forImport] = [await import('tsx/cjs/api'), await import('tsx/esm/api')];
    // Not tsx's own tsImport(): what it makes of a CommonJS job has no lines that a stack could name.
    forRequire.register();
    forImport.register();
  } catch {
    throw new UsageError(
      'a .ts job needs the package tsx (npm ci installs it); deploy compiled jobs',
    );
  }
  return import(url);
}
