import { certificateNames, isUnknownIssuer } from '../../settings/certificate';

// The second half of 'Temporal at <address> …'. Told apart by Node's and OpenSSL's codes.

/**
 * What is wrong with the server's certificate; undefined when that is not it.
 * @param name what the certificate should be for
 */
export function certificateProblem(error: NodeJS.ErrnoException, name: string): string | undefined {
  const { code = '' } = error;
  if (isUnknownIssuer(code)) {
    return "has a certificate of an unknown issuer: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the issuer's certificate";
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `has a certificate for ${certificateNames(error)}, not for ${name}: correct TEMPORAL_ADDRESS, or set TEMPORAL_TLS_SERVER_NAME`;
  }
  if (code === 'CERT_HAS_EXPIRED') return 'has a certificate that has expired: renew it there';
  if (code === 'CERT_NOT_YET_VALID') {
    return 'has a certificate that is not valid yet: is the clock of this machine right?';
  }
  return undefined;
}

/**
 * What a server thinks of our certificate. It says so by an alert, or only ends the connection.
 * @param isSet whether we have one
 */
export function clientCertificateProblem(
  error: NodeJS.ErrnoException | undefined,
  isSet: boolean,
): string {
  const { code = '' } = error ?? {};
  if (code === 'ETIMEDOUT') return 'finishes the TLS handshake, and then says nothing';
  // OpenSSL: ERR_SSL_TLSV1_ALERT_UNKNOWN_CA → 'unknown ca'.
  const alert = /ALERT_(.*)$/.exec(code)?.[1]?.toLowerCase().replaceAll('_', ' ');
  if (alert === undefined) {
    const why = isSet ? 'it may refuse the client certificate' : 'it may want a client certificate';
    return `ends the connection after the TLS handshake: ${why} (TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH)`;
  }
  return isSet
    ? `refuses the client certificate of TEMPORAL_TLS_CLIENT_CERT_PATH (${alert})`
    : `wants a client certificate: set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH (${alert})`;
}
