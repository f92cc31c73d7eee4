import path from 'node:path';

/** The services of a Temporal server, here all in one process. */
const SERVICES = ['frontend', 'matching', 'history', 'worker'] as const;

/**
 * The configuration of a Temporal server with its data in Postgres, as JSON, which is YAML, too.
 * @param port of its frontend
 * @param folder of its dynamic configuration
 */
export async function serverConfiguration(
  databaseUrl: string,
  port: number,
  folder: string,
  getPort: () => Promise<number>,
): Promise<string> {
  const { host, username, password } = new URL(databaseUrl);
  const store = (databaseName: string) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: host,
      connectProtocol: 'tcp',
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      maxConns: 20,
      maxIdleConns: 20,
    },
  });
  const services: Record<string, object> = {};
  for (const service of SERVICES) {
    services[service] = {
      rpc: {
        grpcPort: service === 'frontend' ? port : await getPort(),
        membershipPort: await getPort(),
        bindOnLocalHost: true,
      },
    };
  }
  return JSON.stringify({
    log: { stdout: true, level: 'error' },
    persistence: {
      defaultStore: 'data',
      visibilityStore: 'visibility',
      numHistoryShards: 4,
      datastores: { data: store('temporal'), visibility: store('temporal_visibility') },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services,
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${port}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: path.join(folder, 'dynamic.yaml'), pollInterval: '10s' },
  });
}
