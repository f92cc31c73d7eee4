import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../settings/usageError';

/**
 * Runs drizzle-kit to add an empty migration to drizzle/sql, with its journal entry and snapshot.
 * @returns the path of its SQL file
 * @throws UsageError when drizzle-kit is not installed or fails
 */
export function addDrizzleMigration(project: string, name: string): string {
  const kit = path.join(project, 'node_modules', 'drizzle-kit', 'bin.cjs');
  if (!existsSync(kit)) {
    throw new UsageError(
      'npx lrm new needs a development checkout: drizzle-kit is not installed (npm ci)',
    );
  }
  const folder = path.join(project, 'drizzle', 'sql');
  const before = new Set(readdirSync(folder));
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [kit, 'generate', '--custom', '--name', name],
    { cwd: project, encoding: 'utf8' },
  );
  const added = readdirSync(folder).find((file) => file.endsWith('.sql') && !before.has(file));
  if (status === 0 && added) return path.join(folder, added);
  const said = `${stderr}${stdout}`.trim().split('\n').at(-1);
  throw new UsageError(`drizzle-kit generate --custom --name ${name} failed: ${said}`);
}
