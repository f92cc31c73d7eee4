import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../../../settings/projectFolder';

export const run = promisify(execFile);

/** The package as npm would publish it. */
export interface Packed {
  /** Path of the tarball, in a folder of its own under the system's temporary folder. */
  readonly tarball: string;
  /** Bytes. */
  readonly size: number;
  /** What the tarball holds, relative to the package's folder. */
  readonly files: readonly string[];
  remove(): void;
}

/** Packs what is built. It does not build, because other tests run from dist/ at the same time. */
export async function pack(): Promise<Packed> {
  await run(process.execPath, [path.join(projectFolder, 'bin/declarations.js')]);
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-pack-'));
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder, projectFolder];
  const { stdout } = await run('npm', args, { cwd: folder });
  const printed = JSON.parse(stdout);
  // An array up to npm 11, an object by the package's name since npm 12.
  const [packed] = Object.values<NpmPacked>(printed);
  if (!packed) throw new Error(`npm pack printed ${stdout}`);
  return {
    tarball: path.join(folder, packed.filename),
    size: packed.size,
    files: packed.files.map((file) => file.path),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

interface NpmPacked {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}
