import { existsSync } from 'node:fs';
import net from 'node:net';
import { UsageError } from '../usageError';
import type { Given, Parameters } from './given';

/** A server to try. */
export interface Host {
  /** As it was asked for: a name, an IP address, or the folder of a Unix socket. */
  readonly name: string;
  /** The IP address to connect to instead of looking the name up. */
  readonly address?: string;
  readonly port: number;
}

/** Whether a host is a Unix socket: a folder, or on Linux a name in the abstract namespace. */
export const isUnixSocket = ({ name }: Pick<Host, 'name'>): boolean =>
  name.startsWith('/') || name.startsWith('@');

/** The path of its Unix socket. Node wants a NUL where libpq and Linux's tools write '@'. */
export const socketPath = ({ name, port }: Host): string =>
  `${name.replace(/^@/, '\0')}/.s.PGSQL.${port}`;

/** 'db:5432', '[::1]:5432' or '/var/run/postgresql/.s.PGSQL.5432', for messages. */
export function hostText(host: Host): string {
  if (isUnixSocket(host)) return `${host.name}/.s.PGSQL.${host.port}`;
  return `${net.isIPv6(host.name) ? `[${host.name}]` : host.name}:${host.port}`;
}

const PORT = 5432;
/** Where Debian's and upstream's servers have their sockets. */
const SOCKET_FOLDERS = ['/var/run/postgresql', '/tmp'];

/** @throws UsageError when the lists of hosts, addresses and ports don't fit together */
export function hostsOf(given: Parameters): Host[] {
  const names = list(given.get('host'));
  const addresses = list(given.get('hostaddr'));
  const ports = list(given.get('port'));
  const length = Math.max(names.length, addresses.length, 1);
  requireLength(given.get('hostaddr'), addresses, names.length || length, 'hosts');
  if (ports.length > 1) requireLength(given.get('port'), ports, length, 'hosts');
  return Array.from({ length }, (_, at) => {
    const address = addresses[at];
    if (address && !net.isIP(address)) {
      throw new UsageError(`${given.get('hostaddr')?.source}: not an IP address`);
    }
    const port = portOf(ports.length > 1 ? ports[at] : ports[0], given.get('port'));
    const name = names[at] || address || localServer(port);
    return { name, port, ...(address && { address }) };
  });
}

const list = (given: Given | undefined): string[] => given?.value.split(',') ?? [];

function requireLength(
  given: Given | undefined,
  values: readonly string[],
  length: number,
  of: string,
): void {
  if (values.length === 0 || values.length === length) return;
  throw new UsageError(`${given?.source}: has ${values.length} entries for ${length} ${of}`);
}

function portOf(text: string | undefined, given: Given | undefined): number {
  if (!text) return PORT;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(`${given?.source}: not a port from 1 to 65535`);
}

/** Without any host: a socket of this machine if there is one, as libpq, or else its loopback. */
function localServer(port: number): string {
  const folder = SOCKET_FOLDERS.find((name) => existsSync(socketPath({ name, port })));
  return folder ?? 'localhost';
}
