import { readFileSync, statSync } from 'node:fs';
import Module, { createRequire, isBuiltin } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';
import type { StoredModule } from './store';

/** Node's own loader, as far as it is used here. These names are as old as Node and used by many. */
interface Loader {
  readonly _cache: Record<string, LoadedModule | undefined>;
  _resolveFilename(request: string, parent: LoadedModule): string;
  _nodeModulePaths(folder: string): readonly string[];
  new (id: string, parent?: LoadedModule): LoadedModule;
}

interface LoadedModule {
  exports: unknown;
  filename: string;
  loaded: boolean;
  paths: readonly string[];
}

const loader = Module as unknown as Loader;
const nodeRequire = createRequire(__filename);

/**
 * Loads a file as require() would, and what it requires: Drizzle, the driver and our own code, more
 * than 100 files. To find, read and compile them takes Node half of a job process's start. With a
 * store, none of that is necessary.
 *
 * Each module stays a module of its own, under its own name: what a job requires later is found in
 * Node's cache, and stacks name the right lines. Only what is known to be CommonJS and to import
 * nothing dynamically is loaded here, the rest by Node.
 * @param stored what an earlier job process has stored; undefined: everything comes from the files
 * @returns a function that gives what to store
 */
export function loadStored(
  main: string,
  stored: readonly StoredModule[] | undefined,
): () => readonly StoredModule[] {
  const inStore = new Map(
    stored?.every(isUnchanged) ? stored.map((each) => [each.file, each]) : [],
  );
  const compiled: { script: Script; module: Omit<StoredModule, 'code'> }[] = [];

  function load(file: string, parent?: LoadedModule): unknown {
    const cached = loader._cache[file];
    if (cached) return cached.exports;
    const found = inStore.get(file) ?? read(file);
    if (!found) return nodeRequire(file);
    const { source } = found;
    const requires: Record<string, string> = { ...found.requires };
    const script = new Script(`${WRAPPER}${source}\n})`, {
      filename: file,
      columnOffset: -WRAPPER.length,
      ...(found.code && { cachedData: found.code }),
    });
    const module = new loader(file, parent);
    module.filename = file;
    module.paths = [];
    loader._cache[file] = module;
    const require = (request: string) => {
      if (isBuiltin(request)) return nodeRequire(request);
      const known = requires[request];
      if (known !== undefined) return load(known, module);
      module.paths = loader._nodeModulePaths(path.dirname(file));
      const resolved = loader._resolveFilename(request, module);
      requires[request] = resolved;
      return load(resolved, module);
    };
    try {
      const run = script.runInThisContext();
      run.call(module.exports, module.exports, require, module, file, path.dirname(file));
      module.loaded = true;
    } catch (error) {
      delete loader._cache[file];
      throw error;
    }
    compiled.push({ script, module: { ...found, requires } });
    return module.exports;
  }

  load(main);
  return () =>
    compiled.map(({ script, module }) => ({ ...module, code: script.createCachedData() }));
}

/** As Node does it. */
const WRAPPER = '(function (exports, require, module, __filename, __dirname) { ';

function isUnchanged({ file, size, modified }: StoredModule): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat?.size === size && stat.mtimeMs === modified;
}

const OURS = __dirname;

type ReadModule = Omit<StoredModule, 'code'> & { readonly code?: Buffer };

/** Undefined: Node has to load it. */
function read(file: string): ReadModule | undefined {
  if (path.dirname(file) !== OURS && path.extname(file) !== '.cjs') return undefined;
  const source = readFileSync(file, 'utf8');
  // See importModule.ts.
  if (/\bimport\s*\(/.test(source.replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''))) return undefined;
  const { size, mtimeMs } = statSync(file);
  return { file, size, modified: mtimeMs, source, requires: {} };
}
