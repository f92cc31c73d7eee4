import type net from 'node:net';
import { type Host, hostText, isUnixSocket } from '../../settings/postgresUrl/hosts';
import type { Target } from '../../settings/postgresUrl/target';
import { NotConnected } from './notConnected';
import { type Encryption, reach } from './reach';

export type { Encryption } from './reach';

/** One host, with or without TLS. */
export interface Route {
  readonly host: Host;
  readonly encryption: Encryption;
}

/** Opens a session by this route alone, and ends it: it throws what is wrong. */
export type TryRoute = (route: Route, attributes: Target['attributes']) => Promise<void>;

/** A connection, and which way it went. */
export interface Opened {
  readonly host: Host;
  readonly socket: net.Socket;
}

/**
 * Opens a connection to the first host that is fit, as libpq does: one that answers, and is what
 * `target_session_attrs` asks for.
 *
 * Whether a host is fit shows only after the login, which is the driver's. So where there is a choice,
 * a session of its own is opened first to find out. The session that is used is looked at, too.
 * @throws NotConnected, or the error of the only host
 */
export async function openRoute(
  target: Target,
  tryRoute: TryRoute,
  signal: AbortSignal,
): Promise<Opened> {
  const routes = routesOf(target);
  const [only] = routes;
  const route = only && routes.length === 1 ? only : await choose(routes, target, tryRoute);
  return { host: route.host, socket: await open(route, target, signal) };
}

/** What has to be tried, in this order. */
function routesOf({ hosts, shuffled, tls }: Target): Route[] {
  const inOrder = shuffled ? [...hosts].sort(() => Math.random() - 0.5) : hosts;
  return inOrder.flatMap((host): Route[] => {
    if (isUnixSocket(host) || tls.mode === 'disable') return [{ host, encryption: 'none' }];
    // Without TLS first: only a server that refuses this gets the other.
    if (tls.mode === 'allow') {
      return [
        { host, encryption: 'none' },
        { host, encryption: 'always' },
      ];
    }
    return [{ host, encryption: tls.mode === 'prefer' ? 'if offered' : 'always' }];
  });
}

async function open({ host, encryption }: Route, target: Target, signal: AbortSignal) {
  try {
    return await reach(host, encryption, target, signal);
  } catch (error) {
    // As libpq: who prefers TLS goes on without it when the handshake fails.
    if (encryption !== 'if offered' || !(error instanceof NotConnected)) throw error;
    return reach(host, 'none', target, signal);
  }
}

async function choose(
  routes: readonly Route[],
  target: Target,
  tryRoute: TryRoute,
): Promise<Route> {
  const prefersStandby = target.attributes === 'prefer-standby';
  const rounds = prefersStandby ? (['standby', 'any'] as const) : [target.attributes];
  const problems = new Map<string, string>();
  for (const attributes of rounds) {
    for (const route of routes) {
      try {
        await tryRoute(route, attributes);
        return route;
      } catch (error) {
        if (isFinal(error, route, target)) throw error;
        problems.set(hostText(route.host), reason(error));
      }
    }
  }
  const each = [...problems].map(([host, problem]) => `${host}: ${problem}`).join('; ');
  throw new NotConnected(`no host of ${target.setting} can be used: ${each}`);
}

/** A host that answers but refuses the login is no reason to ask the next one: libpq does not either. */
function isFinal(error: unknown, route: Route, { tls }: Target): boolean {
  const { name, code } = error as { name?: unknown; code?: unknown };
  if (name !== 'PostgresError') return false;
  // It starts, or it wants TLS.
  const isStarting = code === '57P03';
  const wantsTls = tls.mode === 'allow' && route.encryption === 'none' && code === '28000';
  return !isStarting && !wantsTls;
}

function reason(error: unknown): string {
  if (error instanceof NotConnected) return error.message;
  const { code } = error as { code?: unknown };
  if (code === 'ECONNREFUSED') return 'nothing answers';
  if (code === 'CONNECT_TIMEOUT') return 'no answer in time';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'no such host';
  return typeof code === 'string' ? code : 'unknown';
}
