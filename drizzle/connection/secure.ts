import net from 'node:net';
import tls from 'node:tls';
import { type Host, hostText } from '../../settings/postgresUrl/hosts';
import type { Tls } from '../../settings/postgresUrl/target';
import { blameCertificate } from './earlyEnd';
import { happens, neverUnheard } from './happens';
import { NotConnected } from './notConnected';
import { readTlsFiles } from './tlsFiles';
import { tlsProblem } from './tlsProblem';

/** "May we speak TLS?", in Postgres's protocol. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Asks the server for TLS, as its protocol has it.
 * @returns false: the server has none
 * @throws NotConnected
 */
export async function offersTls(socket: net.Socket, host: Host, setting: string): Promise<boolean> {
  socket.write(SSL_REQUEST);
  const answer = await happens<Buffer>(socket, 'data', () => ended(host, setting));
  // More than one byte was sent by somebody in between, to be read as if it were encrypted.
  if (answer.length === 1 && answer[0] === 0x53) return true;
  if (answer.length === 1 && answer[0] === 0x4e) return false;
  throw new NotConnected(
    `what answers at ${hostText(host)} is no Postgres, or somebody in between (${setting})`,
  );
}

/** It said nothing before. */
export const ended = (host: Host, setting: string) =>
  new NotConnected(`Postgres at ${hostText(host)} ended the connection at once (${setting})`);

/**
 * Encrypts a connection, and makes sure of the server as sslmode says: of its certificate's issuer
 * (verify-ca, or whenever there is an sslrootcert), and of its name (verify-full).
 * @throws NotConnected
 */
export async function secure(
  socket: net.Socket,
  host: Host,
  given: Tls,
  setting: string,
): Promise<tls.TLSSocket> {
  const { verifies, ...files } = readTlsFiles(given, setting);
  const server = `Postgres at ${hostText(host)}`;
  const options: tls.ConnectionOptions = {
    socket,
    secureContext: contextOf(given, files, setting),
    rejectUnauthorized: verifies,
    // Node would look for the name that it was told by SNI, which is none for an IP address.
    checkServerIdentity: (_name, certificate) =>
      given.mode === 'verify-full' ? tls.checkServerIdentity(host.name, certificate) : undefined,
    ...(given.sni && !net.isIP(host.name) && { servername: host.name }),
    ...(given.direct && { ALPNProtocols: ['postgresql'] }),
  };
  const secured = neverUnheard(tls.connect(options));
  try {
    await happens(secured, 'secureConnect', () => ended(host, setting));
    if (files.cert) blameCertificate(secured);
    return secured;
  } catch (error) {
    secured.destroy();
    if (error instanceof NotConnected) throw error;
    const problem = tlsProblem(error as Error, server, host.name, given);
    throw new NotConnected(`${problem} (${setting})`, (error as NodeJS.ErrnoException).code);
  }
}

/** @throws NotConnected when the files don't hold what they should */
function contextOf(
  given: Tls,
  files: tls.SecureContextOptions,
  setting: string,
): tls.SecureContext {
  const { minVersion, maxVersion } = given;
  try {
    return tls.createSecureContext({
      ...files,
      ...(minVersion && { minVersion }),
      ...(maxVersion && { maxVersion }),
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new NotConnected(`${fileProblem(given, files, code)} (${setting})`, code);
  }
}

/** OpenSSL's texts name no file. */
function fileProblem(
  given: Tls,
  files: tls.SecureContextOptions,
  code: string | undefined,
): string {
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') {
    return `the key ${given.key} does not belong to the certificate ${given.cert} (sslkey, sslcert)`;
  }
  if (code === 'ERR_MISSING_PASSPHRASE' || code === 'ERR_OSSL_BAD_DECRYPT') {
    return `the key ${given.key} needs another password (sslpassword)`;
  }
  const named = [
    given.rootCert,
    ...(files.cert ? [given.cert, given.key] : []),
    ...(files.crl ? [given.crl] : []),
  ];
  return `the TLS files can't be used, since one is not in PEM form: ${named.join(', ')} (${code})`;
}
