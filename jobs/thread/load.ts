import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findUpwards } from '../../settings/applicationFolder';
import { packageManager } from '../../settings/packageManager';
import { UsageError } from '../../settings/usageError';
import type { JobContext } from '../context/index';
import type { JobFacts } from '../process/messages';
import { traceToSources } from '../process/place';
import type { StandardSchema } from '../standardSchema';
import { readDependsOn, readOptions } from './facts';
import { readInputSchema } from './input';

/** A loaded job file. */
export interface LoadedJob extends JobFacts {
  readonly input: StandardSchema | undefined;
  readonly run: (job: JobContext) => unknown;
}

/**
 * Loads a job file. Call it only in a job thread, since the file's top level may do anything.
 * @throws UsageError when it exports no run() or invalid options; else the error of the file itself
 */
export async function loadJob(file: string): Promise<LoadedJob> {
  traceToSources();
  const exported = findJob(await load(file));
  if (!exported) {
    throw new UsageError(
      "no function 'run' is exported; write: export default defineJob({ async run(job) { … } }), " +
        'or: export async function run(job) { … }',
    );
  }
  return {
    run: exported['run'] as LoadedJob['run'],
    options: readOptions(exported['options']),
    dependsOn: readDependsOn(exported['dependsOn']),
    input: readInputSchema(exported['input']),
  };
}

/**
 * The innermost object with a function `run`. `import()` of a CommonJS file puts its exports into
 * `default`, where a compiled `export default` is in a `default` of its own; and exports that Node
 * can't detect are found only there.
 */
function findJob(module: Record<string, unknown>): Record<string, unknown> | undefined {
  const inner = module['default'];
  const found = typeof inner === 'object' && inner ? findJob({ ...inner }) : undefined;
  return found ?? (typeof module['run'] === 'function' ? module : undefined);
}

/** Once in a thread, which may look at many jobs. */
let typeScript: Promise<void> | undefined;

async function load(file: string): Promise<Record<string, unknown>> {
  if (path.extname(file) === '.ts') {
    typeScript ??= allowTypeScript(file);
    await typeScript;
  }
  return import(pathToFileURL(file).href);
}

/** Compiles with tsx, which also knows the path aliases of the author's tsconfig, or leaves it to Node. */
async function allowTypeScript(file: string): Promise<void> {
  try {
    const [forRequire, forImport] = [await import('tsx/cjs/api'), await import('tsx/esm/api')];
    // Else tsx takes the tsconfig.json of the folder that the worker was started in.
    const config = findUpwards(path.dirname(file), ['tsconfig.json']);
    if (config) process.env['TSX_TSCONFIG_PATH'] ??= config;
    // Not tsx's tsImport(): with it, stacks of CommonJS jobs have no line numbers.
    forRequire.register();
    forImport.register();
  } catch {
    if ('typescript' in process.features && process.features.typescript) return;
    throw new UsageError(
      `a .ts job needs the package tsx: ${packageManager(path.dirname(file)).addDev} tsx; in production, deploy compiled jobs`,
    );
  }
}
