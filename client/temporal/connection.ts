import { Client, Connection } from '@temporalio/client';
import { isRefused, TemporalUnreachable } from '../../activities/explainTemporal';
import { encrypting } from '../../activities/payloads/dataConverter';
import type { Settings } from '../../settings/settings';

/** Long for a server that answers, short for an operator when it is down. */
const CONNECT_TIMEOUT = '2 seconds';

/**
 * Connects to Temporal.
 * @throws TemporalUnreachable when Temporal doesn't answer within 2 seconds
 */
export async function connectTemporal({ temporal, payloadKeys }: Settings): Promise<Client> {
  const { connectionOptions, namespace } = temporal;
  const connection = await Connection.connect({
    ...connectionOptions,
    connectTimeout: CONNECT_TIMEOUT,
  }).catch((error: unknown) => {
    if (isRefused(error)) throw error;
    throw new TemporalUnreachable(connectionOptions.address ?? 'localhost:7233');
  });
  return new Client({
    connection,
    dataConverter: encrypting(payloadKeys),
    ...(namespace === undefined ? {} : { namespace }),
  });
}
