import { packageManager } from '../../settings/packageManager';
import { UsageError } from '../../settings/usageError';
import { isInstalled } from '../isInstalled';

/** What LRM_TRACES needs. Optional peer dependencies: they are loaded only when it is on. */
const PACKAGES = {
  api: '@opentelemetry/api',
  interceptors: '@temporalio/interceptors-opentelemetry',
  sdk: '@opentelemetry/sdk-node',
} as const;

/**
 * Makes sure that the packages are installed.
 * @throws UsageError with all that are missing, and what to type
 */
export function requirePackages(...needed: (keyof typeof PACKAGES)[]): void {
  const missing = needed.map((key) => PACKAGES[key]).filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  throw new UsageError(
    `LRM_TRACES=on needs packages that are not installed; type: ${packageManager().add} ${missing.join(' ')}`,
  );
}
