import { readFileSync } from 'node:fs';
import path from 'node:path';
import { applicationFolder, findUpwards } from './applicationFolder';
import { projectFolder } from './projectFolder';

/** What to type in an application. */
export interface PackageManager {
  /** Runs a command of an installed package: `npx`. */
  readonly exec: string;
  /** Installs a package: `npm i`. */
  readonly add: string;
  /** Installs a package for development: `npm i -D`. */
  readonly addDev: string;
}

const MANAGERS = {
  npm: { exec: 'npx', add: 'npm i', addDev: 'npm i -D' },
  pnpm: { exec: 'pnpm exec', add: 'pnpm add', addDev: 'pnpm add -D' },
  yarn: { exec: 'yarn', add: 'yarn add', addDev: 'yarn add -D' },
  bun: { exec: 'bunx', add: 'bun add', addDev: 'bun add -d' },
} satisfies Record<string, PackageManager>;
type Name = keyof typeof MANAGERS;

const LOCK_FILES: Readonly<Record<string, Name>> = {
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
  'package-lock.json': 'npm',
};

/**
 * The package manager of the application in `folder`: that of the nearest lock file, which may be
 * above it in a workspace, else of `packageManager` in package.json, else npm.
 */
export function packageManager(folder: string = applicationFolder()): PackageManager {
  const lock = findUpwards(folder, Object.keys(LOCK_FILES));
  const name = lock ? LOCK_FILES[path.basename(lock)] : declared(folder);
  return MANAGERS[name ?? 'npm'];
}

function declared(folder: string): Name | undefined {
  const file = findUpwards(folder, ['package.json']);
  if (!file) return undefined;
  try {
    const name = String(JSON.parse(readFileSync(file, 'utf8')).packageManager).split('@')[0];
    return Object.keys(MANAGERS).find((each): each is Name => each === name);
  } catch {
    return undefined;
  }
}

/** What starts the dev servers here: in this project's checkout `npm start`, else `lrm dev`. */
export function startCommand(): string {
  return applicationFolder() === projectFolder ? 'npm start' : `${packageManager().exec} lrm dev`;
}
