import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readSettings } from '../../../settings/settings';

/** Which dev servers have to be started: those that the environment doesn't name. */
export interface Needs {
  readonly postgres: boolean;
  readonly temporal: boolean;
  /** Namespace to create in the dev server of Temporal. */
  readonly namespace: string;
}

/** @throws UsageError naming every setting that doesn't parse, before any server starts */
export function readNeeds(env: NodeJS.ProcessEnv): Needs {
  // The dev server has no address yet. Any address will do to check the other settings.
  readSettings({
    ...env,
    DATABASE_URL: env['DATABASE_URL'] || 'postgres://127.0.0.1/checked-only',
  });
  // From the environment and temporal.toml, as the Temporal CLI reads them. Not from readSettings(),
  // which also reads the endpoints of an earlier start.
  const temporal = loadClientConnectConfig({ overrideEnvVars: withoutEmpty(env) });
  return {
    postgres: !env['DATABASE_URL'],
    temporal: !temporal.connectionOptions.address,
    namespace: temporal.namespace ?? 'default',
  };
}

function withoutEmpty(env: NodeJS.ProcessEnv): Record<string, string> {
  const set = Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return Object.fromEntries(set);
}
