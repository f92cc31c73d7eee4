import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findUpwards } from '../../settings/applicationFolder';
import { packageManager } from '../../settings/packageManager';
import { built } from '../../settings/projectFolder';
import { UsageError } from '../../settings/usageError';
import { importModule } from './importModule';

/** Once in a thread, which may look at many jobs. */
let typeScript: Promise<void> | undefined;

/**
 * Loads a module of the author, JavaScript or TypeScript. Call it only in a thread of a job, since
 * the module's top level may do anything.
 * @throws UsageError when a .ts module can't be compiled here; else the error of the module itself
 */
export async function loadModule(file: string): Promise<Record<string, unknown>> {
  await allowed(file);
  return importModule(pathToFileURL(file).href);
}

/** Loads what loading such a file takes, before it is known which one it is. */
export function prepareFor(file: string): void {
  // Who loads the file gets the error.
  allowed(file).catch(() => {});
  // The first import() of a CommonJS file also loads what Node needs for it.
  importModule(pathToFileURL(built('importModule.js')).href).catch(() => {});
}

async function allowed(file: string): Promise<void> {
  if (path.extname(file) !== '.ts') return;
  typeScript ??= allowTypeScript(file);
  await typeScript;
}

/** Compiles with tsx, which also knows the path aliases of the author's tsconfig, or leaves it to Node. */
async function allowTypeScript(file: string): Promise<void> {
  try {
    const forRequire = await importModule<typeof import('tsx/cjs/api')>('tsx/cjs/api');
    const forImport = await importModule<typeof import('tsx/esm/api')>('tsx/esm/api');
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
