import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A certificate and its key, as files in PEM. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** An issuer made for a test. */
export interface Issuer extends CertificateFiles {
  /**
   * Makes a certificate for a server or a client.
   * @param names as OpenSSL writes them: 'DNS:temporal.test,IP:127.0.0.1'
   */
  issue(names: string, options?: { expired?: boolean }): CertificateFiles;
}

/** A folder of certificates, made by the openssl command. */
export interface Certificates {
  issuer(name: string): Issuer;
  remove(): void;
}

export function createCertificates(): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-certificates-'));
  let count = 0;
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const files = () => {
    const file = path.join(folder, String(++count));
    return {
      cert: `${file}.crt`,
      key: `${file}.key`,
      request: `${file}.csr`,
      names: `${file}.ext`,
    };
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const issue = (issuer: CertificateFiles, names: string, expired: boolean): CertificateFiles => {
    const made = files();
    openssl('req', ...key, '-subj', '/CN=test', '-keyout', made.key, '-out', made.request);
    writeFileSync(made.names, `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`);
    openssl(
      ...['x509', '-req', '-in', made.request, '-out', made.cert, '-extfile', made.names],
      ...['-CA', issuer.cert, '-CAkey', issuer.key, '-CAcreateserial'],
      // The day before yesterday was its last one.
      ...['-days', expired ? '-1' : '2'],
    );
    return made;
  };
  return {
    issuer: (name) => {
      const made = files();
      const output = ['-keyout', made.key, '-out', made.cert];
      openssl('req', '-x509', ...key, '-days', '2', '-subj', `/CN=${name}`, ...output);
      return {
        ...made,
        issue: (names, { expired = false } = {}) => issue(made, names, expired),
      };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** The contents of both files. */
export const readPair = ({ cert, key }: CertificateFiles): { cert: Buffer; key: Buffer } => ({
  cert: readFileSync(cert),
  key: readFileSync(key),
});
