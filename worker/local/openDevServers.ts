import path from 'node:path';
import { projectFolder } from '../../settings/projectFolder';
import { type LocalEndpoints, readSettings } from '../../settings/settings';
import { startDevServers } from './devServers';
import { removeEndpoints, writeEndpoints } from './endpointsFile';
import type { DevServersRequest, TemporalRequest } from './messages';
import type { Closing } from './session/closing';
import { type Needs, readNeeds } from './session/needs';
import { findTemporalCli } from './temporal/temporalCli';

/** Data of the dev servers, and their logs; ignored by git. */
export const localFolder = path.join(projectFolder, '.lrm');

/** Not 5432, which a Postgres of the machine's own has more often than not. */
const POSTGRES_PORT = 54_320;
/** Temporal's own defaults, so that its CLI finds the server without being told. */
const TEMPORAL_PORT = 7_233;
const WEB_UI_PORT = 8_233;

/** Postgres and Temporal, embedded or as the environment names them. */
export interface OpenDevServers extends LocalEndpoints {
  /** The environment, with what was embedded filled in. */
  readonly env: NodeJS.ProcessEnv;
  /** What was embedded. */
  readonly embedded: Needs;
}

/**
 * Starts what the environment doesn't name, and tells `lrm` in other terminals where it is.
 * @param ended told when a part ends by itself.
 * @throws UsageError for wrong settings, or when `npm start` runs in this folder already.
 */
export async function openDevServers(
  env: NodeJS.ProcessEnv,
  options: { readonly fresh: boolean },
  closing: Closing,
  signal: AbortSignal,
  ended: (part: string) => void,
): Promise<OpenDevServers> {
  const needs = readNeeds(env);
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
  closing.add(removeEndpoints);
  return { ...endpoints, env: filled, embedded: needs };
}

/** Also where nothing is embedded: the process keeps the lock on the folder. */
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
