import {
  type ClientConfigProfile,
  type ClientConnectConfig,
  loadClientConfigProfile,
  loadClientConnectConfig,
} from '@temporalio/envconfig';
import { temporalTlsProblems } from './temporalTls';

/**
 * Reads Temporal's address, namespace, TLS and API key as the Temporal CLI does: from TEMPORAL_* and
 * temporal.toml.
 * @param local address to use when none is set
 * @param problems gets a line for each setting that can't be used; none quotes a key
 */
export function temporalConfig(
  env: NodeJS.ProcessEnv,
  local: string | undefined,
  problems: string[],
): ClientConnectConfig | undefined {
  const overrideEnvVars = definedOnly(env);
  try {
    const found = loadClientConnectConfig({ overrideEnvVars });
    const { connectionOptions } = found;
    const { address } = connectionOptions;
    if (address && !URL.canParse(`http://${address}`)) {
      problems.push(`TEMPORAL_ADDRESS: '${address}' is not an address; write host:7233`);
    }
    problems.push(...headerProblems(found));
    const { tls }: ClientConfigProfile = loadClientConfigProfile({ overrideEnvVars });
    problems.push(...temporalTlsProblems(tls, connectionOptions.tls, overrideEnvVars));
    if (!local || address) return found;
    return { ...found, connectionOptions: { ...connectionOptions, address: local } };
  } catch (error) {
    problems.push(`TEMPORAL_* or temporal.toml: ${temporalProblem(error)}`);
    return undefined;
  }
}

/** What gRPC could not send as a header: it would fail at each call, with a message of its own. */
function headerProblems({ namespace, connectionOptions }: ClientConnectConfig): string[] {
  const { apiKey, metadata } = connectionOptions;
  const values: Record<string, unknown> = {
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_API_KEY: apiKey,
    'TEMPORAL_GRPC_META_*': Object.values(metadata ?? {}).join(''),
  };
  return Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'string' && !/^[ -~]*$/.test(value)
      ? [`${name}: has characters that no header of gRPC can have; write ASCII only`]
      : [],
  );
}

function temporalProblem(error: unknown): string {
  // The library throws this when the file has no profile at all.
  if (error instanceof TypeError) return 'the file has no profile; write [profile.default]';
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? (message.split('\n')[0] ?? '') : 'unreadable';
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
