import { existsSync, readFileSync, statSync } from 'node:fs';
import type tls from 'node:tls';
import type { Tls } from '../../settings/postgresUrl/target';
import { NotConnected } from './notConnected';

/** What Node needs of the files for a connection. */
export type TlsFiles = Pick<
  tls.SecureContextOptions,
  'ca' | 'cert' | 'key' | 'crl' | 'passphrase'
> & {
  /** Whether certificates of those whom to trust were found, so that the server's has to be one of theirs. */
  readonly verifies: boolean;
};

/** Where systems keep the certificates that they trust: Debian and Alpine, Red Hat, SUSE, BSD and macOS. */
const SYSTEM_LISTS = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** In a file of PEM. Without one, Node would only say that the issuer is unknown. */
const CERTIFICATE = /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/;

/**
 * Reads the files as libpq does. Those of `~/.postgresql` are used where they exist; those that were
 * asked for by name have to exist. They are read for each connection, so they can be replaced while a
 * migration runs.
 * @throws NotConnected when one is missing, can't be read, or may be read by others
 */
export function readTlsFiles(given: Tls, setting: string): TlsFiles {
  const read = (name: 'rootCert' | 'cert' | 'key' | 'crl') => {
    const file = given[name];
    if (!existsSync(file) && !given.required.has(name)) return undefined;
    try {
      return readFileSync(file);
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no' : "can't read";
      throw new NotConnected(`${why} file ${file} (ssl${name.toLowerCase()}, ${setting})`);
    }
  };
  const ca = given.rootCert === 'system' ? systemList() : read('rootCert');
  if (ca && given.rootCert !== 'system' && !CERTIFICATE.test(ca.toString('latin1'))) {
    throw new NotConnected(
      `${given.rootCert} holds no certificate in PEM (sslrootcert, ${setting})`,
    );
  }
  const verifies = ca !== undefined || given.rootCert === 'system';
  if (given.mode.startsWith('verify') && !verifies) {
    throw new NotConnected(
      `sslmode=${given.mode} needs to know whom to trust: there is no file ${given.rootCert}; name one as sslrootcert, or write sslrootcert=system (${setting})`,
    );
  }
  const cert = given.sendsCert ? read('cert') : undefined;
  const key = cert && readKey(given, setting, read);
  const crl = verifies ? read('crl') : undefined;
  return {
    verifies,
    ...(ca && { ca }),
    ...(cert && key && { cert, key }),
    ...(crl && { crl }),
    ...(given.keyPassword && { passphrase: given.keyPassword }),
  };
}

function readKey(given: Tls, setting: string, read: (name: 'key') => Buffer | undefined): Buffer {
  const key = read('key');
  if (!key) {
    throw new NotConnected(
      `the certificate ${given.cert} has no key: there is no file ${given.key}; name one as sslkey (${setting})`,
    );
  }
  const { mode, uid } = statSync(given.key);
  // As libpq: a key of root's may be readable by its group.
  const others = uid === 0 ? 0o037 : 0o077;
  if (process.platform !== 'win32' && mode & others) {
    throw new NotConnected(
      `the key ${given.key} is not used, since others may read it: chmod 600 ${given.key} (sslkey, ${setting})`,
    );
  }
  return key;
}

/** Undefined: Node's own list, where the system has none. */
function systemList(): Buffer | undefined {
  const file = process.env['SSL_CERT_FILE'] || SYSTEM_LISTS.find((each) => existsSync(each));
  return file ? readFileSync(file) : undefined;
}
