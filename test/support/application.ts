import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';
import { projectFolder } from '../../settings/projectFolder';
import { cleanEnvironment } from './environment';

/** A folder with an application that has this package installed. */
export interface Application {
  readonly folder: string;
  write(file: string, text: string): void;
  read(file: string): string;
}

/** Makes applications in temporary folders, which are removed after the tests of the file. */
export function useApplications(): (files: Readonly<Record<string, string>>) => Application {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  return (files) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lrm-application-'));
    folders.push(folder);
    const application: Application = {
      folder,
      write: (file, text) => {
        const target = path.join(folder, file);
        mkdirSync(path.dirname(target), { recursive: true });
        writeFileSync(target, text);
      },
      read: (file) => readFileSync(path.join(folder, file), 'utf8'),
    };
    mkdirSync(path.join(folder, 'node_modules'));
    install(folder, 'long-running-migrations', projectFolder);
    for (const [file, text] of Object.entries(files)) application.write(file, text);
    return application;
  };
}

/** Installs what a link leads to; by default, the package of this name that this project uses. */
export function install(
  folder: string,
  name: string,
  from: string = path.join(projectFolder, 'node_modules', name),
): void {
  const link = path.join(folder, 'node_modules', name);
  mkdirSync(path.dirname(link), { recursive: true });
  symlinkSync(from, link);
}

/** Runs `lrm <args>` in the application's folder. */
export const lrmIn = (application: Application, ...args: string[]) =>
  lrmWith(application, {}, ...args);

/** Runs `lrm <args>` in the application's folder, with settings in its environment. */
export function lrmWith({ folder }: Application, settings: NodeJS.ProcessEnv, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(projectFolder, 'bin/lrm.js'), ...args],
    { cwd: folder, encoding: 'utf8', env: cleanEnvironment(settings) },
  );
  return { status, stdout, stderr };
}

/** All files of the application, with their texts. */
export function filesOf({ folder }: Application): Record<string, string> {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true });
  const files = all
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  return Object.fromEntries(
    files.sort().map((file) => [path.relative(folder, file), readFileSync(file, 'utf8')]),
  );
}
