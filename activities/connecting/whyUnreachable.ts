import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConnectConfig } from '@temporalio/envconfig';
import { type Handshake, shakePlain, shakeTls, type Target } from './handshake';
import { certificateProblem, clientCertificateProblem } from './tlsProblems';

/** Address, TLS and API key, as the Temporal CLI reads them. */
export type ConnectionSettings = ClientConnectConfig['connectionOptions'];

/** Where the Temporal CLI looks, too, when nothing is set. */
export const addressOf = ({ address }: ConnectionSettings): string => address ?? 'localhost:7233';

/**
 * Finds out why Temporal can't be reached, by a connection of our own: the two clients of the SDK
 * say it differently, or not at all. Takes 4 seconds at most.
 * @returns one sentence; undefined when the server answers, so that the reason is another one
 */
export async function whyUnreachable(settings: ConnectionSettings): Promise<string | undefined> {
  const address = addressOf(settings);
  const target = targetOf(address);
  const found = settings.tls ? await byTls(settings, target) : await inPlainText(target);
  if (found === 'answers') return undefined;
  return found === 'no answer'
    ? `no answer from Temporal at ${address} (TEMPORAL_ADDRESS; is the server running?)`
    : `Temporal at ${address} ${found}`;
}

type Found = 'answers' | 'no answer' | string;

async function inPlainText(target: Target): Promise<Found> {
  const plain = await shakePlain(target);
  if (plain.kind === 'answered') return 'answers';
  if (plain.kind === 'failed') return 'no answer';
  // Whoever it is: nothing is sent to it.
  const secure = await shakeTls(target, { rejectUnauthorized: false });
  return isTls(secure)
    ? 'wants TLS: set TEMPORAL_TLS=true, and TEMPORAL_TLS_SERVER_CA_CERT_PATH if its issuer is your own'
    : 'does not answer as Temporal does: is TEMPORAL_ADDRESS the address of its gRPC service?';
}

async function byTls(settings: ConnectionSettings, target: Target): Promise<Found> {
  const options = tlsOptions(settings, target);
  const secure = await shakeTls(target, options);
  if (secure.kind === 'answered') return 'answers';
  const hasCertificate = options.cert !== undefined;
  if (secure.kind === 'silent') return clientCertificateProblem(secure.error, hasCertificate);
  const problem = certificateProblem(secure.error, options.servername || target.host);
  if (problem) return problem;
  if (isAlert(secure.error)) return clientCertificateProblem(secure.error, hasCertificate);
  const plain = await shakePlain(target);
  if (plain.kind === 'failed') return 'no answer';
  return plain.kind === 'answered'
    ? 'speaks no TLS: unset TEMPORAL_TLS_… and TEMPORAL_API_KEY, or set TEMPORAL_TLS=false'
    : `does not finish the TLS handshake (${secure.error.code ?? secure.error.message})`;
}

function tlsOptions({ tls }: ConnectionSettings, { host }: Target): ConnectionOptions {
  const { serverRootCACertificate, clientCertPair, serverNameOverride } =
    typeof tls === 'object' && tls !== null ? tls : {};
  const servername = serverNameOverride ?? (isIP(host) ? undefined : host);
  return {
    ...(servername === undefined ? {} : { servername }),
    ...(serverRootCACertificate && { ca: Buffer.from(serverRootCACertificate) }),
    ...(clientCertPair && {
      cert: Buffer.from(clientCertPair.crt),
      key: Buffer.from(clientCertPair.key),
    }),
  };
}

/** A server that only complains of our certificates speaks TLS, too. */
const isTls = (found: Handshake): boolean => found.kind !== 'failed' || isAlert(found.error);

const isAlert = ({ code }: NodeJS.ErrnoException): boolean =>
  code !== undefined && /^ERR_SSL_.*ALERT/.test(code);

/** Temporal's port; the SDK takes it, too, when the address has none. */
const PORT = 7233;

function targetOf(address: string): Target {
  const { hostname, port } = new URL(`http://${address}`);
  // A URL leaves out the port 80.
  const isEighty = /:80$/.test(address);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (isEighty ? 80 : PORT) };
}
