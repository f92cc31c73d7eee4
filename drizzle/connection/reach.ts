import dns from 'node:dns/promises';
import net from 'node:net';
import { type Host, hostText, isUnixSocket, socketPath } from '../../settings/postgresUrl/hosts';
import type { Target } from '../../settings/postgresUrl/target';
import { happens, neverUnheard } from './happens';
import { NotConnected } from './notConnected';
import { offersTls, secure } from './secure';

/** Whether to encrypt: as the server likes it, or not at all, or in any case. */
export type Encryption = 'if offered' | 'none' | 'always';

/**
 * Connects to one host: to each of its addresses in turn, until one answers.
 * @param signal aborted when nobody wants the connection any more
 * @throws NotConnected, or an error of Node's with its code
 */
export async function reach(
  host: Host,
  encryption: Encryption,
  target: Target,
  signal: AbortSignal,
): Promise<net.Socket> {
  let first: unknown;
  for (const address of await addressesOf(host)) {
    const socket = neverUnheard(new net.Socket());
    try {
      return await inTime(host, target, signal, async () => {
        await connected(socket, host, address, target.setting);
        return encrypted(socket, host, encryption, target);
      });
    } catch (error) {
      socket.destroy();
      // Another address of the same server has the same certificate.
      if (error instanceof NotConnected || signal.aborted) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** Undefined: a Unix socket. */
async function addressesOf(host: Host): Promise<(string | undefined)[]> {
  if (isUnixSocket(host)) return [undefined];
  if (host.address) return [host.address];
  if (net.isIP(host.name)) return [host.name];
  const found = await dns.lookup(host.name, { all: true });
  return found.map(({ address }) => address);
}

async function connected(
  socket: net.Socket,
  host: Host,
  address: string | undefined,
  setting: string,
): Promise<void> {
  if (address === undefined) socket.connect({ path: socketPath(host) });
  else socket.connect({ host: address, port: host.port });
  try {
    await happens(socket, 'connect', () => failure('ECONNRESET', host));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (address === undefined && code === 'ENOENT') throw noSocket(host, setting);
    // By the name that was asked for: an operator knows no other.
    throw Object.assign(error as Error, placeOf(host));
  }
}

const noSocket = (host: Host, setting: string) =>
  new NotConnected(
    `there is no Unix socket ${hostText(host)}; does Postgres run on this machine? (${setting})`,
    'ENOENT',
  );

async function encrypted(
  socket: net.Socket,
  host: Host,
  encryption: Encryption,
  { tls, setting }: Target,
): Promise<net.Socket> {
  if (encryption === 'none') return socket;
  if (!tls.direct && !(await offersTls(socket, host, setting))) {
    if (encryption === 'if offered') return socket;
    throw new NotConnected(
      `Postgres at ${hostText(host)} has no TLS, which sslmode=${tls.mode} asks for (${setting})`,
      'NO_TLS',
    );
  }
  return secure(socket, host, tls, setting);
}

/** Ends an attempt that takes longer than the target's limit, or that nobody wants any more. */
async function inTime(
  host: Host,
  { connectTimeout }: Target,
  signal: AbortSignal,
  body: () => Promise<net.Socket>,
): Promise<net.Socket> {
  let giveUp: (error: Error) => void = () => {};
  const gaveUp = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  const stop = (code: string) => () => giveUp(failure(code, host));
  const timer = connectTimeout > 0 && setTimeout(stop('CONNECT_TIMEOUT'), connectTimeout * 1000);
  const aborted = stop('CONNECTION_DESTROYED');
  signal.addEventListener('abort', aborted);
  try {
    signal.throwIfAborted();
    return await Promise.race([body(), gaveUp]);
  } finally {
    if (timer) clearTimeout(timer);
    signal.removeEventListener('abort', aborted);
  }
}

const failure = (code: string, host: Host): Error =>
  Object.assign(new Error(`${code} ${hostText(host)}`), { code, ...placeOf(host) });

/** As Node's errors have it. */
const placeOf = (host: Host) =>
  isUnixSocket(host) ? { address: hostText(host) } : { address: host.name, port: host.port };
