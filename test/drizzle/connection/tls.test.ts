import { chmodSync, copyFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../../../drizzle/connect';
import { explainPostgres } from '../../../drizzle/explainPostgres';
import { createCertificates } from '../../support/certificates';
import { startTlsPostgres, type TlsPostgres } from '../../support/tlsPostgres';

const certificates = createCertificates();
const issuer = certificates.issuer('ours');
const stranger = certificates.issuer('another');
const right = issuer.issue('DNS:localhost,IP:127.0.0.1');
const client = issuer.issue('DNS:client');
let server: TlsPostgres;

beforeAll(async () => {
  server = await startTlsPostgres(issuer, right);
});

afterAll(async () => {
  await server.sql.end();
  certificates.remove();
});

const variables: string[] = [];
const setVariable = (name: string, value: string) => {
  variables.push(name);
  process.env[name] = value;
};
afterEach(() => {
  for (const name of variables.splice(0)) delete process.env[name];
});

const url = (parameters: string, { host = 'localhost', user = 'tls' } = {}) =>
  `postgres://${user}:${user}@${host}:${server.port}/postgres?${parameters}`;

/** Whether the session is encrypted, or the line that an operator sees. */
async function login(to: string): Promise<string | undefined> {
  const sql = connect(to, { max: 1, applicationName: 'test' });
  try {
    const [row] = await sql<{ ssl: boolean }[]>`
      select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
    return row?.ssl ? 'TLS' : 'plain';
  } catch (error) {
    return explainPostgres(error) ?? String(error);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const trusted = `sslrootcert=${issuer.cert}`;

test.each([
  ['disable', 'plain', 'plain'],
  [
    'disable',
    'tls',
    expect.stringMatching(/^Postgres refuses the connection: no pg_hba.conf entry/),
  ],
  ['allow', 'plain', 'plain'],
  ['allow', 'tls', 'TLS'],
  ['prefer', 'tls', 'TLS'],
  ['require', 'tls', 'TLS'],
  ['verify-ca', 'tls', 'TLS'],
  ['verify-full', 'tls', 'TLS'],
])('sslmode=%s, for a user who must be %s', async (mode, user, result) => {
  const roots = mode.startsWith('verify') ? `&${trusted}` : '';
  expect(await login(url(`sslmode=${mode}${roots}`, { user }))).toEqual(result);
});

test('without sslmode, TLS is used where the server has it', async () => {
  expect(await login(url(''))).toBe('TLS');
});

test('PGSSLMODE and PGSSLROOTCERT hold where the URL says nothing', async () => {
  setVariable('PGSSLMODE', 'verify-full');
  setVariable('PGSSLROOTCERT', stranger.cert);
  expect(await login(url(''))).toMatch('has an unknown issuer');
  setVariable('PGSSLROOTCERT', issuer.cert);
  expect(await login(url(''))).toBe('TLS');
  expect(await login(url('sslmode=disable', { user: 'plain' }))).toBe('plain');
});

test('verify-full checks an IP address as it does a name', async () => {
  const byAddress = { host: '127.0.0.1' };
  expect(await login(url(`sslmode=verify-full&${trusted}`, byAddress))).toBe('TLS');
  expect(await login(url(`sslmode=verify-full&${trusted}&hostaddr=127.0.0.1`))).toBe('TLS');

  await server.present(issuer.issue('DNS:localhost'));
  const names = 'is for localhost, not for 127.0.0.1 (sslmode=verify-full) (DATABASE_URL)';
  expect(await login(url(`sslmode=verify-full&${trusted}`, byAddress))).toMatch(names);
  expect(await login(url(`sslmode=verify-ca&${trusted}`, byAddress))).toBe('TLS');
  expect(await login(url(`sslmode=verify-full&${trusted}`))).toBe('TLS');

  // The name that was asked for, whatever address it was found at.
  await server.present(issuer.issue('IP:127.0.0.1'));
  expect(await login(url(`sslmode=verify-full&${trusted}`))).toBe(
    `the certificate of Postgres at localhost:${server.port} is for 127.0.0.1, not for localhost (sslmode=verify-full) (DATABASE_URL)`,
  );
  await server.present(right);
});

test('a certificate that nobody whom we trust has signed', async () => {
  const roots = `sslrootcert=${stranger.cert}`;
  const line = `the certificate of Postgres at localhost:${server.port} has an unknown issuer: none of ${stranger.cert} has signed it (sslrootcert) (DATABASE_URL)`;
  expect(await login(url(`sslmode=verify-ca&${roots}`))).toBe(line);
  // As libpq: who names roots wants them checked.
  expect(await login(url(`sslmode=require&${roots}`))).toBe(line);
  expect(await login(url('sslrootcert=system'))).toMatch(
    "none of this system's list has signed it",
  );
});

test('a file of issuers without a certificate', async () => {
  expect(await login(url(`sslmode=verify-ca&sslrootcert=${issuer.key}`))).toBe(
    `${issuer.key} holds no certificate in PEM (sslrootcert, DATABASE_URL)`,
  );
});

test('who prefers TLS goes on without it, as in libpq; nobody else does', async () => {
  const roots = `sslrootcert=${stranger.cert}`;
  expect(await login(url(`sslmode=prefer&${roots}`, { user: 'plain' }))).toBe('plain');
  expect(await login(url(`sslmode=require&${roots}`, { user: 'plain' }))).toMatch('unknown issuer');
});

test('a certificate that has expired', async () => {
  await server.present(issuer.issue('DNS:localhost', { expired: true }));
  expect(await login(url(`sslmode=verify-ca&${trusted}`))).toBe(
    `the certificate of Postgres at localhost:${server.port} has expired (DATABASE_URL)`,
  );
  await server.present(right);
});

test('a client certificate', async () => {
  const own = (cert: string, key: string) =>
    url(`sslmode=verify-full&${trusted}&sslcert=${cert}&sslkey=${key}`, { user: 'cert' });
  expect(await login(own(client.cert, client.key))).toBe('TLS');
  expect(await login(url('sslmode=require', { user: 'cert' }))).toBe(
    'Postgres refuses the connection: connection requires a valid client certificate; set sslcert and sslkey (DATABASE_URL)',
  );
  const other = stranger.issue('DNS:client');
  expect(await login(own(other.cert, other.key))).toMatch(
    /^Postgres (does not know the issuer of|ended the connection as soon as it saw) the client certificate: check sslcert and sslkey/,
  );
  expect(await login(own(client.cert, right.key))).toBe(
    `the key ${right.key} does not belong to the certificate ${client.cert} (sslkey, sslcert) (DATABASE_URL)`,
  );
  const open = path.join(path.dirname(client.key), 'open.key');
  copyFileSync(client.key, open);
  chmodSync(open, 0o644);
  expect(await login(own(client.cert, open))).toBe(
    `the key ${open} is not used, since others may read it: chmod 600 ${open} (sslkey, DATABASE_URL)`,
  );
});

test('a server without TLS', async () => {
  await server.sql`alter system set ssl = off`;
  await server.present(right);
  expect(await login(url('sslmode=require'))).toBe(
    `Postgres at localhost:${server.port} has no TLS, which sslmode=require asks for (DATABASE_URL)`,
  );
  expect(await login(url('', { user: 'plain' }))).toBe('plain');
  await server.sql`alter system set ssl = on`;
  await server.present(right);
});

test('verify-full without knowing whom to trust', async () => {
  setVariable('HOME', path.dirname(issuer.cert));
  const line = await login(url('sslmode=verify-full'));
  expect(line).toMatch(
    /^sslmode=verify-full needs to know whom to trust: there is no file .*root\.crt/,
  );
});

test('a Unix socket, which needs no TLS', async () => {
  const socket = encodeURIComponent(server.folder);
  expect(await login(`postgres://plain:plain@${socket}:${server.port}/postgres`)).toBe('plain');
  const query = `host=${server.folder}&port=${server.port}&sslmode=verify-full`;
  expect(await login(`postgres://tls:tls@/postgres?${query}`)).toBe('plain');
  expect(await login('postgres://tls@/postgres?host=/nowhere&port=1')).toBe(
    'there is no Unix socket /nowhere/.s.PGSQL.1; does Postgres run on this machine? (DATABASE_URL)',
  );
});
