import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createJiti } from 'jiti';
import { packageManager } from '../../settings/packageManager';
import { UsageError } from '../../settings/usageError';
import { registrationSql } from './registration';

/**
 * The folder of the application's Drizzle migrations.
 * @param config the configuration of its drizzle-kit, as a path
 * @throws UsageError when the configuration is missing or can't be loaded
 */
export async function drizzleFolder(application: string, config: string): Promise<string> {
  if (!existsSync(config)) {
    throw new UsageError(
      `registrations: there is no file ${config}; write in lrm.config: registrations: { kind: 'drizzle', config: './drizzle.config.ts' }`,
    );
  }
  try {
    const loaded = await createJiti(__filename).import<{ out?: unknown }>(config, {
      default: true,
    });
    return path.resolve(application, typeof loaded.out === 'string' ? loaded.out : 'drizzle');
  } catch (error) {
    const problem = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    throw new UsageError(`${config} can't be loaded: ${problem}`);
  }
}

/**
 * Has the application's own drizzle-kit add a migration, with its journal entry and snapshot.
 * @returns the path of its SQL file
 * @throws UsageError when drizzle-kit is not installed or fails
 */
export function addDrizzleMigration(
  application: string,
  config: string,
  folder: string,
  name: string,
): string {
  const isFirst = !existsSync(folder);
  const before = new Set(sqlFiles(folder));
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [kitOf(application), 'generate', '--custom', '--name', `register_${name}`, '--config', config],
    { cwd: application, encoding: 'utf8' },
  );
  const added = sqlFiles(folder).find((file) => !before.has(file));
  if (status !== 0 || !added) {
    // It makes the folder before it reads the tables.
    if (isFirst) rmSync(folder, { recursive: true, force: true });
    const said = `${stderr}${stdout}`.trim().split('\n').at(-1);
    throw new UsageError(`drizzle-kit generate --custom failed: ${said}`);
  }
  writeFileSync(added, registrationSql(name, '\n--> statement-breakpoint'));
  return added;
}

function kitOf(application: string): string {
  try {
    const from = createRequire(path.join(application, 'package.json'));
    // Its package.json may not be exported, but its main file is.
    return path.join(path.dirname(from.resolve('drizzle-kit')), 'bin.cjs');
  } catch {
    const { addDev } = packageManager(application);
    throw new UsageError(`drizzle-kit is not installed here; type: ${addDev} drizzle-kit`);
  }
}

/** Some versions write a folder for each migration. */
const sqlFiles = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.sql'))
        .map((file) => path.join(folder, file))
    : [];
