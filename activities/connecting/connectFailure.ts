import { Connection } from '@temporalio/client';
import { isRefused } from '../explainTemporal';
import { TemporalRefused, TemporalUnreachable } from './errors';
import { addressOf, type ConnectionSettings, whyUnreachable } from './whyUnreachable';

/**
 * The error to throw when a client of the SDK could not connect: one sentence on what is wrong, the
 * same in worker and `lrm`.
 * @param error what the SDK threw
 */
export async function connectFailure(
  settings: ConnectionSettings,
  error: unknown,
): Promise<TemporalRefused | TemporalUnreachable> {
  if (isRefused(error)) return refused(settings);
  const why = await whyUnreachable(settings);
  if (why) return new TemporalUnreachable(why);
  return (await isRefusedNow(settings))
    ? refused(settings)
    : new TemporalUnreachable(
        `no answer in time from Temporal at ${addressOf(settings)}; try again`,
      );
}

/** The worker's client gives no code, so the other one is asked. */
async function isRefusedNow(settings: ConnectionSettings): Promise<boolean> {
  try {
    const connection = await Connection.connect({ ...settings, connectTimeout: WITHIN });
    await connection.close();
    return false;
  } catch (error) {
    return isRefused(error);
  }
}

const WITHIN = '2 seconds';

function refused(settings: ConnectionSettings): TemporalRefused {
  const { apiKey, tls } = settings;
  const hasCertificate = typeof tls === 'object' && tls?.clientCertPair !== undefined;
  const why =
    apiKey !== undefined
      ? 'refuses the API key: TEMPORAL_API_KEY is wrong, has expired, or is not for this address'
      : hasCertificate
        ? 'refuses access to the client certificate of TEMPORAL_TLS_CLIENT_CERT_PATH'
        : 'wants to know who we are: set TEMPORAL_API_KEY, or a client certificate (TEMPORAL_TLS_CLIENT_…)';
  return new TemporalRefused(`Temporal at ${addressOf(settings)} ${why}`);
}
