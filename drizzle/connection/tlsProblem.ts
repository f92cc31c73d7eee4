import { certificateNames, isUnknownIssuer } from '../../settings/certificate';
import type { Tls } from '../../settings/postgresUrl/target';

/** What a server says of our certificate. With TLS 1.3 it comes after the handshake. */
const CLIENT_CERTIFICATE: Readonly<Record<string, string>> = {
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'does not know the issuer of the client certificate',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'refuses the client certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'says that the client certificate has expired',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'says that the client certificate was revoked',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'refuses the client certificate',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'needs a client certificate',
  CLIENT_CERTIFICATE_REFUSED: 'ended the connection as soon as it saw the client certificate',
};

/** The codes of errors about the client certificate. */
export const CLIENT_CERTIFICATE_CODES: readonly string[] = Object.keys(CLIENT_CERTIFICATE);

/** What a server refuses about our certificate: '… does not know its issuer'; undefined if nothing. */
export function clientCertificateProblem(code: string): string | undefined {
  const what = CLIENT_CERTIFICATE[code];
  return what && `${what}: check sslcert and sslkey`;
}

/**
 * Why a TLS handshake failed, in one sentence.
 * @param server 'Postgres at db:5432'
 * @param name the host's name, which verify-full looks for in the certificate
 */
export function tlsProblem(error: Error, server: string, name: string, tls: Tls): string {
  const code = codeOf(error);
  const trusted = tls.rootCert === 'system' ? "this system's list" : tls.rootCert;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the certificate of ${server} is for ${certificateNames(error)}, not for ${name} (sslmode=verify-full)`;
  }
  if (isUnknownIssuer(code)) {
    return `the certificate of ${server} has an unknown issuer: none of ${trusted} has signed it (sslrootcert)`;
  }
  if (code === 'CERT_HAS_EXPIRED') return `the certificate of ${server} has expired`;
  if (code === 'CERT_NOT_YET_VALID') {
    return `the certificate of ${server} is not valid yet; is this machine's clock right?`;
  }
  if (code === 'CERT_REVOKED') return `the certificate of ${server} was revoked (sslcrl)`;
  if (code === 'CRL_HAS_EXPIRED') return `the list ${tls.crl} has expired (sslcrl)`;
  if (code === 'UNABLE_TO_GET_CRL') {
    return `the list ${tls.crl} is not by the issuer of the certificate of ${server} (sslcrl)`;
  }
  const ours = clientCertificateProblem(code);
  if (ours) return `${server} ${ours}`;
  if (code === 'ECONNRESET') return `${server} ended the connection during the TLS handshake`;
  return `the TLS handshake with ${server} failed (${code || error.message})`;
}

const codeOf = (error: Error): string => {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
};
