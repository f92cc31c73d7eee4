import path from 'node:path';
import { applicationFolder } from '../../settings/applicationFolder';
import { type LocalEndpoints, readSettings } from '../../settings/settings';
import { startDevServers } from './devServers';
import { removeEndpoints, writeEndpoints } from './endpointsFile';
import type { DevServersRequest, TemporalRequest } from './messages';
import type { Closing } from './session/closing';
import { requireDevelopmentParts } from './session/developmentParts';
import { type Needs, readNeeds } from './session/needs';
import { findTemporalCli } from './temporal/temporalCli';

/** Data and logs of the dev servers. Git ignores it. */
export const localFolder = path.join(applicationFolder(), '.lrm');

/** Not 5432: often the machine's own Postgres listens there. */
const POSTGRES_PORT = 54_320;
/** Temporal's own defaults, so that its CLI finds the server without any setting. */
const TEMPORAL_PORT = 7_233;
const WEB_UI_PORT = 8_233;

/** Postgres and Temporal: the dev servers, or those that the environment names. */
export interface OpenDevServers extends LocalEndpoints {
  /** The environment, with the addresses of the dev servers added. */
  readonly env: NodeJS.ProcessEnv;
  /** Which of them are dev servers. */
  readonly embedded: Needs;
}

/**
 * Starts the servers that the environment doesn't name, and writes their addresses for `lrm` in
 * other terminals.
 * @param ended called when a server ends by itself
 * @throws UsageError for wrong settings, for missing packages, or when the dev
 *   servers are already running in this folder
 */
export async function openDevServers(
  env: NodeJS.ProcessEnv,
  options: { readonly fresh: boolean },
  closing: Closing,
  signal: AbortSignal,
  ended: (server: string) => void,
): Promise<OpenDevServers> {
  const needs = readNeeds(env);
  await requireDevelopmentParts(env, needs);
  const servers = await startDevServers(await request(env, needs, options.fresh), {
    note: console.log,
    ended,
    signal,
  });
  closing.add(() => servers.stop());
  const filled = fill(env, servers.endpoints);
  const { databaseUrl, temporal } = readSettings(filled);
  const endpoints = {
    databaseUrl,
    temporalAddress: temporal.connectionOptions.address ?? '',
    webUi: servers.endpoints.webUi ?? null,
  };
  writeEndpoints(endpoints);
  closing.add(() => removeEndpoints(localFolder));
  return { ...endpoints, env: filled, embedded: needs };
}

/** Needed even when no dev server is: the process also holds the lock on the folder. */
async function request(
  env: NodeJS.ProcessEnv,
  needs: Needs,
  fresh: boolean,
): Promise<DevServersRequest> {
  return {
    folder: localFolder,
    temporary: false,
    fresh,
    postgres: needs.postgres ? { port: POSTGRES_PORT, settings: {} } : null,
    temporal: needs.temporal ? await temporal(env, needs.namespace) : null,
  };
}

async function temporal(env: NodeJS.ProcessEnv, namespace: string): Promise<TemporalRequest> {
  return {
    cli: await findTemporalCli(env, console.log),
    port: TEMPORAL_PORT,
    uiPort: WEB_UI_PORT,
    persistent: true,
    namespaces: namespace === 'default' ? [] : [namespace],
  };
}

function fill(env: NodeJS.ProcessEnv, found: Partial<LocalEndpoints>): NodeJS.ProcessEnv {
  return {
    ...env,
    ...(found.databaseUrl ? { DATABASE_URL: found.databaseUrl } : {}),
    ...(found.temporalAddress ? { TEMPORAL_ADDRESS: found.temporalAddress } : {}),
  };
}
