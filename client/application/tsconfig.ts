import path from 'node:path';
import { parseTsconfig } from 'get-tsconfig';
import { UsageError } from '../../settings/usageError';

/** Where the application's own build compiles from and to. */
export interface Build {
  /** Folder of the sources, relative to the application: '.' or 'src', for example. */
  readonly sources: string;
  /** Where the compiled sources are, relative to the application; undefined when it is not known. */
  readonly output: string | undefined;
  /** Whether a TypeScript file beside package.json would be compiled, and change the output. */
  readonly changedByFilesAtRoot: boolean;
}

/**
 * Reads the tsconfig.json of `folder`, with those that it extends.
 * @param rootFiles names of the files in `folder`
 * @throws UsageError when it can't be read
 */
export function readBuild(folder: string, rootFiles: readonly string[]): Build {
  const { compilerOptions, include, files } = parse(path.join(folder, 'tsconfig.json'));
  const relative = (to: string) => path.relative(folder, path.resolve(folder, to)) || '.';
  const { rootDir, outDir, noEmit } = compilerOptions ?? {};
  const hasSrc = rootFiles.includes('src');
  const atRoot = rootFiles.some((name) => /\.[cm]?tsx?$/.test(name));
  // Without a list tsc compiles everything, and its oldest versions place it by the common folder.
  const onlySrc = include
    ? include.every((each) => relative(each).split(/[\\/]/)[0] === 'src')
    : files === undefined && !atRoot;
  const ofSrc = rootDir ? relative(rootDir) === 'src' : onlySrc && Boolean(outDir);
  const emits = Boolean(outDir) && noEmit !== true;
  const sources = hasSrc && (ofSrc || (include !== undefined && onlySrc)) ? 'src' : '.';
  // Versions of tsc differ on where src/ goes without rootDir.
  const known = emits && (rootDir || sources === '.');
  return {
    sources,
    output:
      known && outDir
        ? path.join(relative(outDir), inRoot(relative(rootDir ?? '.'), sources))
        : undefined,
    changedByFilesAtRoot: emits && hasSrc && ofSrc && !include && !files,
  };
}

const inRoot = (root: string, sources: string): string => path.relative(root, sources);

function parse(file: string): ReturnType<typeof parseTsconfig> {
  try {
    return parseTsconfig(file);
  } catch (error) {
    const problem = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    throw new UsageError(`${file} can't be read: ${problem}`);
  }
}
