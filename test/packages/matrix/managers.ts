import { existsSync } from 'node:fs';
import path from 'node:path';
import { run } from './command';
import type { Row } from './rows';

/** pnpm 11 and later need Node 22. */
const VERSIONS = { pnpm: 'pnpm@10', yarn: 'yarn@1', bun: 'bun@1' };

/**
 * Installs the application's dependencies with the row's package manager.
 * @param tools folder that package managers other than npm are installed in when they are needed
 */
export async function install(row: Row, folder: string, tools: string): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
  if (row.manager === 'npm') {
    await run(folder, 'npm', ['install', ...quiet]);
    return;
  }
  const bin = path.join(tools, 'node_modules/.bin', row.manager);
  if (!existsSync(bin)) {
    await run(tools, 'npm', ['install', '--prefix', tools, ...quiet, VERSIONS[row.manager]]);
  }
  await run(folder, bin, ['install', ...(row.manager === 'pnpm' ? ['--prefer-offline'] : [])]);
}
