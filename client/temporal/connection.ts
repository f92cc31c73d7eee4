import { Client, Connection } from '@temporalio/client';
import { isRefused, TemporalUnreachable } from '../../activities/explainTemporal';
import type { Settings } from '../../settings/settings';

/** Long for a server that answers, short for an operator when it is down. */
const CONNECT_TIMEOUT = '2 seconds';

/**
 * Connects to Temporal.
 * @throws TemporalUnreachable when Temporal doesn't answer within 2 seconds
 */
export async function connectTemporal({ temporal }: Settings): Promise<Client> {
  const { connectionOptions, namespace } = temporal;
  const connection = await Connection.connect({
    ...connectionOptions,
    connectTimeout: CONNECT_TIMEOUT,
  }).catch((error: unknown) => {
    if (isRefused(error)) throw error;
    throw new TemporalUnreachable(connectionOptions.address ?? 'localhost:7233');
  });
  return new Client({ connection, ...(namespace === undefined ? {} : { namespace }) });
}
