import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../../settings/usageError';
import type { JobContext } from '../context/index';
import type { JobFacts } from '../process/messages';
import { traceToSources } from '../process/place';
import { readDependsOn, readOptions } from './facts';

/** A loaded job file. */
export interface LoadedJob extends JobFacts {
  readonly run: (job: JobContext) => unknown;
}

/**
 * Loads a job file. Call it only in a job thread, since the file's top level may do anything.
 * @throws UsageError when it exports no run() or invalid options; else the error of the file itself
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
  if (!isObject(standard)) return module;
  // `export default` of a file that was compiled to CommonJS: Node puts its exports into `default`.
  const compiled = standard['__esModule'] === true ? standard['default'] : undefined;
  // Node can't detect some exports of CommonJS files. Those are only found in `default`.
  return { ...(isObject(compiled) ? compiled : {}), ...standard, ...module };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

async function loadTypeScript(url: string): Promise<Record<string, unknown>> {
  try {
    const [forRequire, forImport] = [await import('tsx/cjs/api'), await import('tsx/esm/api')];
    // Not tsx's tsImport(): with it, stacks of CommonJS jobs have no line numbers.
    forRequire.register();
    forImport.register();
  } catch {
    throw new UsageError(
      'a .ts job needs the package tsx (npm ci installs it); deploy compiled jobs',
    );
  }
  return import(url);
}
