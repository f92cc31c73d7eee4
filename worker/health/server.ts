import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { CanNotStart } from '../waitFor';
import type { Health, Probes } from './probes';

/** The HTTP server of `LRM_HEALTH_PORT`. */
export interface HealthServer {
  /** Until this is called, the worker starts: it is alive, and not ready. */
  serve(probes: Probes): void;
  close(): Promise<void>;
}

/** What is asked for before there is a worker. */
const STARTING: Health = { ok: true, checks: { worker: 'starting' } };
const starting: Probes = {
  live: () => STARTING,
  ready: async () => ({ ...STARTING, ok: false }),
};

/** More would be no probes. */
const CONNECTIONS_AT_MOST = 50;
/** A client has this time to send its request. Milliseconds. */
const REQUEST_WITHIN = 5_000;

/**
 * Answers `/livez` and `/readyz` on all addresses of this machine: Kubernetes asks from outside.
 * 200 is yes, 503 is no.
 * @throws CanNotStart when the port is taken
 */
export async function openHealthServer(port: number): Promise<HealthServer> {
  let probes = starting;
  const server = createServer({ requestTimeout: REQUEST_WITHIN }, (request, response) => {
    void answer(probes, request, response);
  });
  server.maxConnections = CONNECTIONS_AT_MOST;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new CanNotStart(`LRM_HEALTH_PORT: can't listen on port ${port} (${error.code})`)),
    );
    server.listen(port, resolve);
  });
  return {
    serve: (of) => {
      probes = of;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  probes: Probes,
  { method, url }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = url?.split('?', 1)[0];
  if (path !== '/livez' && path !== '/readyz') return send(response, 404, { error: 'not found' });
  if (method !== 'GET' && method !== 'HEAD') {
    return send(response, 405, { error: 'only GET and HEAD' });
  }
  const { ok, checks } = path === '/livez' ? probes.live() : await probes.ready();
  send(response, ok ? 200 : 503, { status: ok ? 'ok' : 'failed', checks });
}

function send(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      // A page of anybody may point a browser here. It gets nothing that it could run.
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'",
    })
    .end(`${JSON.stringify(body)}\n`);
}
