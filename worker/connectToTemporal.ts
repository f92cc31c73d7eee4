import { NativeConnection } from '@temporalio/worker';
import { connectFailure } from '../activities/connecting/connectFailure';
import type { ConnectionSettings } from '../activities/connecting/whyUnreachable';

/**
 * Connects a worker to Temporal.
 * @throws TemporalUnreachable, TemporalRefused within some seconds
 */
export async function connectToTemporal(settings: ConnectionSettings): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(settings);
  } catch (error) {
    throw await connectFailure(settings, error);
  }
}
