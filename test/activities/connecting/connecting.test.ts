import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { explainTemporal } from '../../../activities/explainTemporal';
import { connectTemporal } from '../../../client/temporal/connection';
import { readSettings } from '../../../settings/settings';
import { connectToTemporal } from '../../../worker/connectToTemporal';
import { lrmWith } from '../../client/lrm';
import {
  type CertificateFiles,
  type Certificates,
  createCertificates,
  readPair,
} from '../../support/certificates';
import { useDevServers } from '../../support/devServers';
import { startApiKeyProxy, startTlsProxy, type TlsProxy } from '../../support/tlsProxy';
import { waitFor } from '../../support/waitFor';

const servers = useDevServers();
const API_KEY = 'right-key-hunter2';
let certificates: Certificates;
let trusted: CertificateFiles;
let other: CertificateFiles;
let client: CertificateFiles;
let stranger: CertificateFiles;
let proxies: Record<'here' | 'elsewhere' | 'expired' | 'mutual' | 'withKey', TlsProxy>;

beforeAll(async () => {
  certificates = createCertificates();
  const [issuer, foreign] = [certificates.issuer('trusted'), certificates.issuer('foreign')];
  [trusted, other] = [issuer, foreign];
  [client, stranger] = [issuer.issue('DNS:client'), foreign.issue('DNS:client')];
  const here = readPair(issuer.issue('DNS:localhost,IP:127.0.0.1'));
  const start = (options: object) => startTlsProxy(servers.temporalAddress, options);
  const mutual = { ...here, ca: readFileSync(issuer.cert), requestCert: true };
  proxies = {
    here: await start(here),
    elsewhere: await start(readPair(issuer.issue('DNS:other.test'))),
    expired: await start(readPair(issuer.issue('IP:127.0.0.1', { expired: true }))),
    mutual: await start({ ...mutual, rejectUnauthorized: true }),
    withKey: await startApiKeyProxy(servers.temporalAddress, API_KEY, here),
  };
});

afterAll(() => {
  for (const proxy of Object.values(proxies)) proxy.close();
  certificates.remove();
});

const ca = (issuer: CertificateFiles) => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: issuer.cert });
const pair = ({ cert, key }: CertificateFiles) => ({
  TEMPORAL_TLS_CLIENT_CERT_PATH: cert,
  TEMPORAL_TLS_CLIENT_KEY_PATH: key,
});

/** A file with what else is in variables. */
function toml(): string {
  const file = `${trusted.cert}.toml`;
  writeFileSync(
    file,
    `[profile.default.tls]
server_ca_cert_path = "${trusted.cert}"
client_cert_path = "${client.cert}"
client_key_path = "${client.key}"
`,
  );
  return file;
}

/** What the environment gives to each of the SDK's two clients: 'connected', or the sentence. */
async function connecting(env: NodeJS.ProcessEnv): Promise<string[]> {
  const settings = readSettings(servers.env(env));
  const outcome = async (work: () => Promise<{ close(): Promise<void> }>) => {
    try {
      await (await work()).close();
      return 'connected';
    } catch (error) {
      return explainTemporal(error) ?? String(error);
    }
  };
  return Promise.all([
    outcome(async () => (await connectTemporal(settings)).connection),
    outcome(() => connectToTemporal(settings.temporal.connectionOptions)),
  ]);
}

type Proxies = typeof proxies;
type Case = [what: string, proxy: keyof Proxies, env: () => NodeJS.ProcessEnv, outcome: string];
const cases: Case[] = [
  ['TLS', 'here', () => ca(trusted), 'connected'],
  [
    'another server name',
    'elsewhere',
    () => ({ ...ca(trusted), TEMPORAL_TLS_SERVER_NAME: 'other.test' }),
    'connected',
  ],
  ['mutual TLS', 'mutual', () => ({ ...ca(trusted), ...pair(client) }), 'connected'],
  [
    'the right API key',
    'withKey',
    () => ({ ...ca(trusted), TEMPORAL_API_KEY: API_KEY }),
    'connected',
  ],
  ['temporal.toml', 'mutual', () => ({ TEMPORAL_CONFIG_FILE: toml() }), 'connected'],
  [
    "an issuer that the system doesn't know",
    'here',
    () => ({ TEMPORAL_TLS: 'true' }),
    "has a certificate of an unknown issuer: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the issuer's certificate",
  ],
  [
    'the certificate of another issuer',
    'here',
    () => ca(other),
    "has a certificate of an unknown issuer: set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the issuer's certificate",
  ],
  [
    'a certificate for another name',
    'elsewhere',
    () => ca(trusted),
    'has a certificate for other.test, not for 127.0.0.1: correct TEMPORAL_ADDRESS, or set TEMPORAL_TLS_SERVER_NAME',
  ],
  [
    'an expired certificate',
    'expired',
    () => ca(trusted),
    'has a certificate that has expired: renew it there',
  ],
  [
    'plain text against TLS',
    'here',
    () => ({}),
    'wants TLS: set TEMPORAL_TLS=true, and TEMPORAL_TLS_SERVER_CA_CERT_PATH if its issuer is your own',
  ],
  [
    'no client certificate',
    'mutual',
    () => ca(trusted),
    'wants a client certificate: set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH (certificate required)',
  ],
  [
    'a client certificate of another issuer',
    'mutual',
    () => ({ ...ca(trusted), ...pair(stranger) }),
    'ends the connection after the TLS handshake: it may refuse the client certificate (TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH)',
  ],
  [
    'a wrong API key',
    'withKey',
    () => ({ ...ca(trusted), TEMPORAL_API_KEY: 'wrong-key-hunter2' }),
    'refuses the API key: TEMPORAL_API_KEY is wrong, has expired, or is not for this address',
  ],
  [
    'no API key',
    'withKey',
    () => ca(trusted),
    'wants to know who we are: set TEMPORAL_API_KEY, or a client certificate (TEMPORAL_TLS_CLIENT_…)',
  ],
];

// All at once, since each failure of lrm's client takes 2 seconds.
test('both clients connect, or say the same sentence on why not', async () => {
  const outcomes = await Promise.all(
    cases.map(async ([what, proxy, env]) => {
      const { address } = proxies[proxy];
      const said = await connecting({ TEMPORAL_ADDRESS: address, ...env() });
      return [what, said.map((each) => each.replace(`Temporal at ${address} `, ''))];
    }),
  );
  expect(outcomes).toEqual(cases.map(([what, , , outcome]) => [what, [outcome, outcome]]));
});

test('TLS against a server without TLS, or against nothing', async () => {
  const address = servers.temporalAddress;
  const no = 'no answer from Temporal at 127.0.0.1:1 (TEMPORAL_ADDRESS; is the server running?)';
  const none = `Temporal at ${address} speaks no TLS: unset TEMPORAL_TLS_… and TEMPORAL_API_KEY, or set TEMPORAL_TLS=false`;
  expect(
    await Promise.all([
      connecting({ TEMPORAL_ADDRESS: address, ...ca(trusted) }),
      connecting({ TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: API_KEY }),
      connecting({ TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: API_KEY, TEMPORAL_TLS: 'false' }),
      connecting({ TEMPORAL_ADDRESS: '127.0.0.1:1', ...ca(trusted) }),
      connecting({ TEMPORAL_ADDRESS: '127.0.0.1:1' }),
    ]),
  ).toEqual([
    [none, none],
    [none, none],
    ['connected', 'connected'],
    [no, no],
    [no, no],
  ]);
});

test('another service, like the Web UI, which answers by HTTP/1.1', async () => {
  const serve = async (server: http.Server) => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const page = http.createServer((_, answer) => answer.end('a page'));
  const address = await serve(page);
  const is = `Temporal at ${address} does not answer as Temporal does: is TEMPORAL_ADDRESS the address of its gRPC service?`;
  expect(await connecting({ TEMPORAL_ADDRESS: address })).toEqual([is, is]);
  page.close();
});

test('lrm and the worker end with that sentence, and work with the right settings', async () => {
  const right = { TEMPORAL_ADDRESS: proxies.withKey.address, ...ca(trusted) };
  const wrong = { ...right, TEMPORAL_API_KEY: 'wrong-key-hunter2' };
  const failing = servers.spawnWorker({ env: { ...wrong, LRM_WAIT: '1 second' } });
  const [status, code] = await Promise.all([lrmWith(servers, wrong)('run'), failing.exited]);
  const sentence = `Temporal at ${right.TEMPORAL_ADDRESS} refuses the API key`;
  expect(status.code).toBe(1);
  expect(status.stderr).toMatch(new RegExp(`^lrm: ${sentence}[^\n]*\n$`));
  expect(code).toBe(1);
  expect(failing.log().at(-1)?.msg).toMatch(`gave up waiting for Temporal: ${sentence}`);
  expect(JSON.stringify([status, failing.log()])).not.toMatch('hunter2');

  const working = await servers.startWorker({ env: { ...right, TEMPORAL_API_KEY: API_KEY } });
  const { stdout } = await waitFor('lrm doctor to see the worker', async () => {
    const result = await lrmWith(servers, { ...right, TEMPORAL_API_KEY: API_KEY })('doctor');
    return result.stdout.includes(`${working.pid}@`) && result;
  });
  expect(stdout).toMatch(/^ok +temporal /m);
});

test.each<[string, () => NodeJS.ProcessEnv, string]>([
  [
    'an issuer that is no certificate',
    () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: trusted.key }),
    'TEMPORAL_TLS_SERVER_CA_CERT_…: not a certificate in PEM',
  ],
  [
    'a client certificate without its key',
    () => ({ TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert }),
    'TEMPORAL_TLS_CLIENT_CERT_…: needs TEMPORAL_TLS_CLIENT_KEY_PATH, too',
  ],
  [
    'a key without a client certificate',
    () => ({ TEMPORAL_TLS_CLIENT_KEY_PATH: client.key }),
    'TEMPORAL_TLS_CLIENT_KEY_…: needs TEMPORAL_TLS_CLIENT_CERT_PATH, too',
  ],
  [
    'the key of another certificate',
    () => ({ ...pair(client), TEMPORAL_TLS_CLIENT_KEY_PATH: stranger.key }),
    'TEMPORAL_TLS_CLIENT_KEY_…: not the key of the client certificate',
  ],
  [
    'certificate and key in the wrong places',
    () => pair({ cert: client.key, key: client.cert }),
    'TEMPORAL_TLS_CLIENT_CERT_…: not a certificate in PEM; TEMPORAL_TLS_CLIENT_KEY_…: not a private key in PEM without a password',
  ],
  [
    'a file that does not exist',
    () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' }),
    "TEMPORAL_* or temporal.toml: ENOENT: no such file or directory, open '/nowhere/ca.pem'",
  ],
  [
    'what the SDK does not support',
    () => ({ TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' }),
    'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: not supported; set TEMPORAL_TLS_SERVER_CA_CERT_PATH or TEMPORAL_TLS_SERVER_NAME',
  ],
])('%s is a wrong setting', (_, env, line) => {
  expect(() => readSettings(servers.env(env()))).toThrow(`wrong settings: ${line}`);
});
