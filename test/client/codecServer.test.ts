import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { EncryptingCodec } from '../../activities/payloads/codec';
import { fromJson, type JsonPayload, toJson } from '../../activities/payloads/json';
import { type CodecServerOptions, createCodecServer } from '../../client/codecServer/server';
import { projectFolder } from '../../settings/projectFolder';
import { keysOf, payloadKey } from '../activities/payloads/keys';
import { cleanEnvironment } from '../support/environment';
import { runLrm } from '../support/lrm';

const ORIGIN = 'http://localhost:8233';
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Starts the server in this process and returns its address. */
async function start(options: Partial<CodecServerOptions> = {}): Promise<string> {
  const keys = keysOf('k2', 'k1');
  const server = createCodecServer({
    keys,
    origins: new Set([ORIGIN]),
    token: undefined,
    ...options,
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const post = (url: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function payloadsFrom(response: Response): Promise<Payload[]> {
  expect(response.status).toBe(200);
  const { payloads } = (await response.json()) as { payloads: JsonPayload[] };
  return payloads.map(fromJson);
}

const plain = defaultPayloadConverter.toPayload({ name: '0001_secret_name' });
const encrypted = async (id: string): Promise<JsonPayload> => {
  const [payload] = await new EncryptingCodec(keysOf(id)).encode([plain]);
  return toJson(payload ?? {});
};

test('the Web UI gets payloads decrypted with any of the keys; what has no key says which', async () => {
  const address = await start();
  const payloads = await Promise.all(['k1', 'k2', 'k3'].map(encrypted));
  const body = { payloads: [...payloads, toJson(plain)] };
  const response = await post(`${address}/decode`, body, { origin: ORIGIN, 'x-namespace': 'a' });
  expect(response.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  const decoded = await payloadsFrom(response);
  expect(decoded.map((each) => defaultPayloadConverter.fromPayload(each))).toEqual([
    { name: '0001_secret_name' },
    { name: '0001_secret_name' },
    'not decrypted by lrm codec-server: LRM_PAYLOAD_KEY has no key with the ID k3 here: add it (docs/encryption.md)',
    { name: '0001_secret_name' },
  ]);
});

test('what is sent from the Web UI is encrypted with the first key, under any path', async () => {
  const address = await start();
  const body = { payloads: [toJson(plain)] };
  const encoded = await payloadsFrom(await post(`${address}/some/path/encode`, body));
  expect(JSON.stringify(encoded.map(toJson))).not.toContain(toJson(plain).data);
  expect(await new EncryptingCodec(keysOf('k2')).decode(encoded)).toEqual([plain]);
});

test('a browser may ask from the given origins alone', async () => {
  const address = await start({
    origins: new Set(['https://temporal.example.com', 'http://other:8080']),
  });
  const preflight = (origin: string) =>
    fetch(`${address}/decode`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-private-network': 'true' },
    });
  for (const origin of ['https://temporal.example.com', 'http://other:8080']) {
    const allowed = await preflight(origin);
    expect(allowed.status).toBe(204);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'content-type, x-namespace, authorization',
      'access-control-allow-private-network': 'true',
    });
  }
  for (const origin of [ORIGIN, 'null', 'https://temporal.example.com.evil.test', address]) {
    for (const refused of [
      await preflight(origin),
      await post(`${address}/decode`, { payloads: [await encrypted('k1')] }, { origin }),
    ]) {
      expect(refused.status).toBe(403);
      expect(refused.headers.get('access-control-allow-origin')).toBeNull();
      expect(await refused.text()).not.toContain('payloads');
    }
  }
});

test('with LRM_CODEC_TOKEN, each request has to bring it', async () => {
  const address = await start({ token: 'right-hunter2' });
  const body = { payloads: [await encrypted('k1')] };
  const ask = (authorization?: string) =>
    post(`${address}/decode`, body, authorization === undefined ? {} : { authorization });
  for (const wrong of [undefined, '', 'Bearer', 'Bearer wrong-hunter2', 'right-hunter2']) {
    const refused = await ask(wrong);
    expect(refused.status).toBe(401);
    expect(await refused.text()).not.toMatch('hunter2');
  }
  expect(await payloadsFrom(await ask('Bearer right-hunter2'))).toEqual([plain]);
});

test('requests of another form are refused, and the server goes on', async () => {
  const address = await start();
  const wrong = [
    '',
    'no JSON',
    'null',
    '{"payloads":{}}',
    '{"payloads":[1]}',
    '{"payloads":[{"data":1}]}',
  ];
  for (const body of wrong) expect((await post(`${address}/decode`, body)).status).toBe(400);
  expect((await post(`${address}/other`, { payloads: [] })).status).toBe(404);
  expect((await fetch(`${address}/decode`)).status).toBe(405);
  const large = await post(`${address}/decode`, 'x'.repeat(9 * 1024 * 1024)).catch(() => undefined);
  // The connection may be closed before the answer has been read.
  expect([413, undefined]).toContain(large?.status);
  expect(await payloadsFrom(await post(`${address}/decode`, { payloads: [] }))).toEqual([]);
});

/** The command needs neither a database nor jobs nor Temporal. */
const env = (extra: NodeJS.ProcessEnv = {}) =>
  cleanEnvironment({ LRM_PAYLOAD_KEY: payloadKey('k2', 'k1'), ...extra });

test('lrm codec-server serves until SIGTERM, and warns on an address that others reach', async () => {
  const command = ['bin/lrm.js', 'codec-server', '--port', '0', '--host', '0.0.0.0'];
  const options = ['--origin', 'http://ui:8080'];
  const server = spawn(process.execPath, [...command, ...options], {
    env: env({ LRM_CODEC_TOKEN: 'right-hunter2' }),
    cwd: projectFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const warned = text(server.stderr);
  try {
    const [line] = await once(createInterface({ input: server.stdout }), 'line');
    expect(line).toMatch(
      /^codec server at http:\/\/0\.0\.0\.0:\d+ for http:\/\/ui:8080; Ctrl-C ends it$/,
    );
    const url = `http://127.0.0.1:${/:(\d+) for/.exec(line)?.[1]}/decode`;
    const body = { payloads: [await encrypted('k1')] };
    const headers = { origin: 'http://ui:8080', authorization: 'Bearer right-hunter2' };
    expect(await payloadsFrom(await post(url, body, headers))).toEqual([plain]);
    expect((await post(url, body)).status).toBe(401);
  } finally {
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  }
  expect(await warned).toMatch(
    /^lrm: 0\.0\.0\.0 can be reached from other machines: put a proxy with TLS in front[^\n]*\n$/,
  );
});

test('lrm codec-server exits 2 with one line for wrong use', async () => {
  const cases: [NodeJS.ProcessEnv, string[], string][] = [
    [{ LRM_PAYLOAD_KEY: '' }, [], 'LRM_PAYLOAD_KEY is not set'],
    [{ LRM_PAYLOAD_KEY: 'k1:hunter2' }, [], 'the key k1 is not 32 bytes'],
    [{}, ['--origin', '*'], "--origin: '*' is not an origin"],
    [{}, ['--host', '192.0.2.1'], "can't listen on 192.0.2.1:8085"],
  ];
  const results = await Promise.all(
    cases.map(([extra, args]) => runLrm(env(extra), ['codec-server', ...args])),
  );
  for (const [index, { code, stderr }] of results.entries()) {
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^lrm: /),
    });
    expect(stderr).toMatch(cases[index]?.[2] ?? '');
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).not.toMatch('hunter2');
  }
});
