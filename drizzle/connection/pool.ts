import { AsyncLocalStorage } from 'node:async_hooks';
import net from 'node:net';
import postgres from 'postgres';
import { type Host, hostText, isUnixSocket } from '../../settings/postgresUrl/hosts';
import type { SslMode } from '../../settings/postgresUrl/parameters';
import { passwordFromFile } from '../../settings/postgresUrl/passwordFile';
import type { Target } from '../../settings/postgresUrl/target';
import type { Sql } from '../connect';
import { ASK_ATTRIBUTES, requireAttributes, type SessionState } from './attributes';
import { failAtEarlyEnd } from './earlyEnd';
import { NotConnected } from './notConnected';
import { type Encryption, openRoute, type Route } from './route';
import { ended } from './secure';

/** Where a connection went. */
interface Place {
  /** What the pool that it belongs to was opened with. */
  readonly target: Target;
  host?: Host;
  socket?: net.Socket;
}

/**
 * The events of a connection run in the context that it was opened in, so each knows its place. One
 * for all pools: Node copies each storage that was ever used to each new promise, as long as the
 * process runs.
 */
const place = new AsyncLocalStorage<Place>();

type DriverOptions = NonNullable<Parameters<typeof postgres>[1]>;

/** What {@link openPool} needs besides the target. */
export interface PoolOptions {
  readonly options: DriverOptions;
  readonly applicationName: string;
  /** Further parameters that a session is opened with. */
  readonly startUp?: Readonly<Record<string, string>> | undefined;
  /** Further columns for the first statement of each session. */
  readonly sessionStart: readonly string[];
  /** Called when a new session has what it needs, before any other statement is sent. */
  readonly onSession?: (() => void) | undefined;
}

/**
 * Opens a pool of postgres.js whose connections are opened by us, as libpq does: the driver itself
 * reads only half of the parameters, and does not check a certificate against an IP address.
 */
export function openPool(target: Target, pool: PoolOptions): Sql {
  // A pool may be used within an event of another one.
  const here = () => (place.getStore()?.target === target ? place.getStore() : undefined);
  const closing = new AbortController();
  const sql = withoutVariables(() =>
    postgres({
      ...pool.options,
      // For messages. More than one host would make the driver wait for the next one after an error.
      host: [target.hosts.map((host) => host.name).join(',')] as never,
      port: [target.hosts[0]?.port ?? 0] as never,
      ...(target.hosts.some(isUnixSocket) || target.hosts.length > 1
        ? { path: target.hosts.map(hostText).join(',') }
        : {}),
      ssl: false,
      user: target.user,
      database: target.database,
      password: target.password ?? (() => passwordOf(target, here())),
      connect_timeout: target.connectTimeout,
      keep_alive: target.keepAlive || null,
      debug: false,
      connection: {
        ...pool.startUp,
        application_name: pool.applicationName,
        ...(target.options && { options: target.options }),
      },
      socket: () => {
        const opened: Place = { target };
        return place.run(opened, () => openSocket(opened, closing.signal));
      },
      session: `select ${[...pool.sessionStart, ASK_ATTRIBUTES].join(', ')}`,
      onsession: ([state]: SessionState[]) => {
        const host = here()?.host ?? target.hosts[0];
        if (state && host) requireAttributes(state, target.attributes, host, target.setting);
        pool.onSession?.();
      },
    } as DriverOptions),
  );
  return closingAtEnd(sql, closing);
}

/**
 * Gives the driver a socket. Without one (if this threw), the driver would never again use that place
 * in its pool, so a problem is given as a socket that fails with it.
 */
async function openSocket(opened: Place, signal: AbortSignal): Promise<net.Socket> {
  const { target } = opened;
  try {
    const { host, socket } = await openRoute(
      target,
      (route, attributes) => tryRoute(target, route, attributes, signal),
      signal,
    );
    failAtEarlyEnd(socket, () => ended(host, target.setting));
    opened.host = host;
    opened.socket = socket;
    return socket;
  } catch (error) {
    const failing = new net.Socket();
    setImmediate(() => failing.destroy(error as Error));
    return failing;
  }
}

const MODES: Readonly<Record<Encryption, SslMode>> = {
  none: 'disable',
  'if offered': 'prefer',
  always: 'require',
};

/** A session of its own, only to see whether it comes into being. */
async function tryRoute(
  target: Target,
  { host, encryption }: Route,
  attributes: Target['attributes'],
  signal: AbortSignal,
): Promise<void> {
  const mode = MODES[encryption];
  const alone = { ...target, hosts: [host], attributes, tls: { ...target.tls, mode } };
  const sql = openPool(alone, {
    options: { max: 1, fetch_types: false, onnotice: () => {} },
    applicationName: 'lrm connecting',
    sessionStart: [],
  });
  const end = () => void sql.end({ timeout: 0 });
  signal.addEventListener('abort', end);
  try {
    await sql`select 1`;
  } finally {
    signal.removeEventListener('abort', end);
    // It has nothing to wait for.
    await sql.end({ timeout: 0 });
  }
}

/** The password of the host that a connection went to: each may have its own in the password file. */
function passwordOf(target: Target, opened: Place | undefined): Promise<string> {
  const host = opened?.host ?? target.hosts[0];
  const found = host && passwordFromFile(target, host);
  if (found && 'password' in found) return Promise.resolve(found.password);
  // Thrown, the error would be nobody's: so the connection ends with it, and nothing is answered.
  opened?.socket?.destroy(
    new NotConnected(
      `Postgres at ${host && hostText(host)} asks for the password of user ${target.user}: ${found?.problem} (${target.setting})`,
      'NO_PASSWORD',
    ),
  );
  return new Promise(() => {});
}

/** Sockets that are still being opened when the pool has ended would keep the process running. */
function closingAtEnd(sql: Sql, closing: AbortController): Sql {
  const end = sql.end;
  return Object.assign(sql, {
    end: async (options?: { timeout?: number }) => {
      try {
        await end(options);
      } finally {
        closing.abort();
      }
    },
  });
}

/** The driver reads it itself, however it is called, and would look for a fit host for ever. */
function withoutVariables<T>(body: () => T): T {
  const { PGTARGETSESSIONATTRS: kept, ...others } = process.env;
  if (kept === undefined) return body();
  const env = process.env;
  process.env = others;
  try {
    return body();
  } finally {
    process.env = env;
  }
}
