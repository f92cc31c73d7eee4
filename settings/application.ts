import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'dotenv';
import { createJiti } from 'jiti';
import { z } from 'zod';
import { applicationFolder, CONFIG_FILES, findUpwards } from './applicationFolder';
import type { Config } from './config';
import { unknownSettings } from './settings';
import { UsageError } from './usageError';

/** The application that uses this package. */
export interface Application {
  /** Where its lrm.config file lies; without one, the nearest folder with a package.json. */
  readonly folder: string;
  /** The file that the configuration was read from, if there is one. */
  readonly configFile: string | undefined;
  readonly config: Config;
}

/**
 * Finds the application that `from` lies in, and reads its configuration.
 * @throws UsageError when the configuration can't be loaded, or says what it can't
 */
export async function readApplication(from: string = process.cwd()): Promise<Application> {
  const configFile = findUpwards(from, CONFIG_FILES);
  const config = configFile ? await loadConfig(configFile) : {};
  return { folder: applicationFolder(from), configFile, config };
}

/**
 * Fills what the environment does not set from the application's files of environment variables
 * and its configuration. An empty variable counts as not set.
 * @throws UsageError when a file that the configuration names can't be read
 */
export function fillEnvironment(application: Application, env: NodeJS.ProcessEnv): void {
  const { folder, configFile, config } = application;
  for (const name of config.envFiles ?? ['.env']) {
    const file = path.resolve(folder, name);
    if (!existsSync(file)) {
      if (config.envFiles) throw new UsageError(`envFiles: there is no file ${file}`);
      continue;
    }
    fill(env, parse(readFileSync(file)));
  }
  const jobs = configFile ? (config.jobs ?? './jobs') : undefined;
  fill(env, {
    ...(jobs === undefined ? {} : { LRM_JOBS_DIR: path.resolve(folder, jobs) }),
    ...config.settings,
  });
}

function fill(env: NodeJS.ProcessEnv, values: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(values)) env[name] ||= String(value);
}

async function loadConfig(file: string): Promise<Config> {
  let exported: unknown;
  try {
    exported = await createJiti(__filename).import(file, { default: true });
  } catch (error) {
    const problem = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    throw new UsageError(`${file} can't be loaded: ${problem}`);
  }
  const { data, error } = schema.safeParse(exported);
  const misspelt = unknownSettings(Object.keys(data?.settings ?? {}));
  if (data && misspelt === undefined) return data as Config;
  const problems = misspelt
    ? [`settings: ${misspelt}`]
    : (error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new UsageError(
    `${file}: ${problems.join('; ')}; write: export default defineConfig({ jobs: './jobs' })`,
  );
}

const file = z.string().min(1);
const schema = z.strictObject({
  jobs: file.optional(),
  registrations: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('drizzle'), config: file.optional() }),
      z.strictObject({ kind: z.literal('prisma'), folder: file.optional() }),
      z.strictObject({ kind: z.literal('sql'), folder: file }),
      z.strictObject({ kind: z.literal('print') }),
    ])
    .optional(),
  drizzleSchema: file.optional(),
  envFiles: z.array(file).optional(),
  settings: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});
