import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { waitFor } from '../../support/waitFor';
import { openWire } from './tcpWire';
import type { Wire } from './wire';

/** Answers each chunk with itself. */
let server: Server;
let wire: Wire;
const open: Socket[] = [];

async function startEcho(): Promise<string> {
  server = createServer((socket) => {
    open.push(socket.on('error', () => {}));
    socket.pipe(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
beforeEach(async () => {
  wire = await openWire(await startEcho());
});
afterEach(async () => {
  await wire.close();
  server.close();
  for (const socket of open.splice(0)) socket.destroy();
});

interface Client {
  ask(text: string): Promise<string>;
  readonly closed: Promise<string>;
}

async function client(): Promise<Client> {
  const [host, port] = wire.address.split(':');
  const socket = connect(Number(port), host);
  open.push(socket);
  const error = once(socket, 'error').then(([{ code }]) => String(code));
  const closed = Promise.race([error, once(socket, 'close').then(() => 'closed')]);
  await once(socket, 'connect');
  return {
    ask: async (text) => {
      socket.write(text);
      const [answer] = await once(socket, 'data');
      return String(answer);
    },
    closed,
  };
}

test('passes everything on, and cuts with a reset', async () => {
  const { ask, closed } = await client();
  expect(await ask('one')).toBe('one');
  wire.cut();
  expect(await closed).toBe('ECONNRESET');
  expect(await (await client()).ask('two')).toBe('two');
});

test('delays both directions, in order', async () => {
  const { ask } = await client();
  expect(await ask('one')).toBe('one');
  wire.delay(100);
  const begun = performance.now();
  expect(await ask('two')).toBe('two');
  expect(performance.now() - begun).toBeGreaterThan(190);
});

test('a black hole swallows without closing, and what was open ends when it is mended', async () => {
  const { ask, closed } = await client();
  expect(await ask('one')).toBe('one');
  wire.blackHole();
  const answer = ask('two').catch(() => 'none');
  expect(await Promise.race([closed, answer, sleep(200, 'silence')])).toBe('silence');
  wire.mend();
  expect(await closed).toBe('ECONNRESET');
  expect(await (await client()).ask('three')).toBe('three');
});

test('refuses at the same port, until it is mended', async () => {
  const { closed } = await client();
  wire.refuse();
  expect(await closed).toBe('ECONNRESET');
  await expect(client()).rejects.toThrow('ECONNREFUSED');
  wire.mend();
  const again = await waitFor('the port to be open', () => client().catch(() => undefined));
  expect(await again.ask('one')).toBe('one');
});

test('goes to another server, from the same address', async () => {
  const { closed } = await client();
  const first = server;
  wire.retarget(await startEcho());
  first.close();
  expect(await closed).toBe('ECONNRESET');
  expect(await (await client()).ask('one')).toBe('one');
});

test('a server that is not there refuses', async () => {
  wire.retarget('127.0.0.1:1');
  const { closed } = await client();
  expect(await closed).toBe('ECONNRESET');
});
