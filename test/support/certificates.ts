import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';

/** A certificate and its key, as files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Issues certificates with the openssl command. */
export interface Issuer extends Certificate {
  /**
   * @param names 'DNS:localhost,IP:127.0.0.1'
   * @param days until it expires; negative: it has expired
   */
  issue(name: string, names: string, days?: number): Certificate;
}

let made = 0;

/** Makes a certificate authority for one test file. Its files are removed after it. */
export function createIssuer(): Issuer {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-ca-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string) => path.join(folder, name);
  const own = { cert: file('ca.crt'), key: file('ca.key') };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout'];
  const subject = ['-subj', `/CN=test CA ${++made}`];
  openssl('req', '-x509', ...key, own.key, '-out', own.cert, ...subject, '-days', '2');
  return {
    ...own,
    issue: (name, names, days = 2) => {
      const issued = { cert: file(`${name}.crt`), key: file(`${name}.key`) };
      const [request, extension] = [file(`${name}.csr`), file(`${name}.ext`)];
      openssl('req', ...key, issued.key, '-out', request, '-subj', `/CN=${name}`);
      writeFileSync(extension, `subjectAltName=${names}`);
      const by = ['-CA', own.cert, '-CAkey', own.key, '-days', String(days)];
      openssl('x509', '-req', '-in', request, ...by, '-extfile', extension, '-out', issued.cert);
      return issued;
    },
  };
}

const openssl = (...args: string[]) => void execFileSync('openssl', args, { stdio: 'pipe' });
