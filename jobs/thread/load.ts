import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findUpwards } from '../../settings/applicationFolder';
import { packageManager } from '../../settings/packageManager';
import { UsageError } from '../../settings/usageError';
import type { JobContext, ReadyContext, VerifyContext } from '../context/index';
import type { JobFacts } from '../process/messages';
import { traceToSources } from '../process/place';
import { readDependsOn } from './dependencies';
import { readFunction, readOptions } from './facts';

/** A loaded job file. */
export interface LoadedJob {
  readonly facts: JobFacts;
  readonly run: (job: JobContext) => unknown;
  readonly verify: ((job: VerifyContext) => unknown) | undefined;
  readonly ready: ((job: ReadyContext) => unknown) | undefined;
}

/**
 * Loads a job file. Call it only in a job thread, since the file's top level may do anything.
 * @throws UsageError when it exports no run(), or something else that can't be used; else the error of
 *   the file itself
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
  const ready = readFunction<ReadyContext>('ready', exported['ready']);
  return {
    run: exported['run'] as LoadedJob['run'],
    verify: readFunction<VerifyContext>('verify', exported['verify']),
    ready,
    facts: {
      options: readOptions(exported['options']),
      dependsOn: readDependsOn(exported['dependsOn']),
      ready: ready !== undefined,
    },
  };
}

/**
 * The innermost object with a function `run`. `import()` of a CommonJS file puts its exports into
 * `default`, where a compiled `export default` is in a `default` of its own; and exports that Node
 * can't detect are found only there. What it lacks is taken from around it: a `verify` that is
 * exported beside an `export default` must not be passed over.
 */
function findJob(module: Record<string, unknown>): Record<string, unknown> | undefined {
  const inner = module['default'];
  const found = typeof inner === 'object' && inner ? findJob({ ...inner }) : undefined;
  if (found) return { ...module, ...found };
  return typeof module['run'] === 'function' ? module : undefined;
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
