import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { ClientConfigProfile, ClientConnectConfig } from '@temporalio/envconfig';

type Profile = NonNullable<ClientConfigProfile['tls']>;

/**
 * What is wrong with the certificates and the key for Temporal. The SDK would take a broken file for
 * none, or ignore a certificate whose key is missing, and then fail to connect without saying why.
 * @param profile what was set, with the names of files
 * @param tls what the SDK made of it, with what is in the files
 * @param env for what the SDK does not look at
 */
export function temporalTlsProblems(
  profile: Profile | undefined,
  tls: ClientConnectConfig['connectionOptions']['tls'],
  env: Readonly<Record<string, string>>,
): string[] {
  const problems = [...unsupported(env), ...halfPair(profile ?? {})];
  if (typeof tls !== 'object' || tls === null) return problems;
  const { serverRootCACertificate: ca, clientCertPair: pair } = tls;
  if (ca && !read(() => certificates(ca).map((each) => new X509Certificate(each)))?.length) {
    problems.push('TEMPORAL_TLS_SERVER_CA_CERT_…: not a certificate in PEM');
  }
  return pair ? [...problems, ...pairProblems(pair)] : problems;
}

function pairProblems({ crt, key }: { crt: Uint8Array; key: Uint8Array }): string[] {
  const certificate = read(() => new X509Certificate(crt));
  const privateKey: KeyObject | undefined = read(() => createPrivateKey(Buffer.from(key)));
  const problems = [
    ...(certificate ? [] : ['TEMPORAL_TLS_CLIENT_CERT_…: not a certificate in PEM']),
    ...(privateKey
      ? []
      : ['TEMPORAL_TLS_CLIENT_KEY_…: not a private key in PEM without a password']),
  ];
  if (certificate && privateKey && !certificate.checkPrivateKey(privateKey)) {
    problems.push('TEMPORAL_TLS_CLIENT_KEY_…: not the key of the client certificate');
  }
  return problems;
}

/** A file of issuers may hold several. */
const certificates = (pem: Uint8Array): string[] =>
  Buffer.from(pem)
    .toString()
    .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];

/** OpenSSL's errors say less than the setting's name. */
function read<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function halfPair({ clientCert, clientKey }: Profile): string[] {
  if (Boolean(clientCert) === Boolean(clientKey)) return [];
  const [given, missing] = clientCert ? ['CERT', 'KEY'] : ['KEY', 'CERT'];
  return [`TEMPORAL_TLS_CLIENT_${given}_…: needs TEMPORAL_TLS_CLIENT_${missing}_PATH, too`];
}

/** The SDK always verifies the server. It ignores the setting, and would fail without naming it. */
const unsupported = (env: Readonly<Record<string, string>>): string[] =>
  /^(1|true)$/i.test(env['TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'] ?? '')
    ? [
        'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: not supported; set TEMPORAL_TLS_SERVER_CA_CERT_PATH or TEMPORAL_TLS_SERVER_NAME',
      ]
    : [];
