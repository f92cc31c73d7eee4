import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readSettings } from '../../../settings/settings';

/** Which of the dev servers the environment doesn't name, so that they have to be embedded. */
export interface Needs {
  readonly postgres: boolean;
  readonly temporal: boolean;
  /** Temporal's namespace, to be created in an embedded one. */
  readonly namespace: string;
}

/** @throws UsageError naming every setting that doesn't parse, before anything is started. */
export function readNeeds(env: NodeJS.ProcessEnv): Needs {
  // The embedded database has no address yet; any will do to check the rest.
  readSettings({
    ...env,
    DATABASE_URL: env['DATABASE_URL'] || 'postgres://127.0.0.1/checked-only',
  });
  // From the environment and temporal.toml, as the Temporal CLI reads them. Not from readSettings():
  // that one also knows what an earlier start left behind.
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
