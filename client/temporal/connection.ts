import { Client, Connection } from '@temporalio/client';
import { connectFailure } from '../../activities/connecting/connectFailure';
import { encrypting } from '../../activities/payloads/dataConverter';
import type { Settings } from '../../settings/settings';

/** Long for a server that answers, short for an operator when it is down. */
const CONNECT_TIMEOUT = '2 seconds';

/**
 * Connects to Temporal.
 * @throws TemporalUnreachable, TemporalRefused within some seconds
 */
export async function connectTemporal({ temporal, payloadKeys }: Settings): Promise<Client> {
  const { connectionOptions, namespace } = temporal;
  const connection = await Connection.connect({
    ...connectionOptions,
    connectTimeout: CONNECT_TIMEOUT,
  }).catch(async (error: unknown) => {
    throw await connectFailure(connectionOptions, error);
  });
  return new Client({
    connection,
    dataConverter: encrypting(payloadKeys),
    ...(namespace === undefined ? {} : { namespace }),
  });
}
