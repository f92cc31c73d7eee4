import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { PayloadKeys } from '../../settings/payloadKeys';
import { decodePayloads, encodePayloads } from './payloads';
import { Refused, readPayloads } from './request';

/** What the server needs. */
export interface CodecServerOptions {
  readonly keys: PayloadKeys;
  /** Origins of the Web UIs that may ask: 'http://localhost:8233'. */
  readonly origins: ReadonlySet<string>;
  /** What every request must bring as `Authorization: Bearer …`; undefined: nothing. */
  readonly token: string | undefined;
}

/**
 * Creates the codec server that Temporal's Web UI and CLI ask: POST …/decode and …/encode, with
 * payloads as JSON. It keeps nothing, and answers browsers only for the given origins.
 */
export function createCodecServer(options: CodecServerOptions): Server {
  return createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      const [status, line] =
        error instanceof Refused ? [error.status, error.message] : [500, 'unexpected'];
      // What is left of a body that is too large must not be read.
      if (!request.complete) response.setHeader('connection', 'close');
      reply(response, status, { message: line });
    });
  });
}

async function answer(
  { keys, origins, token }: CodecServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // The answer depends on the origin, and holds what nobody else may keep.
  response.setHeader('vary', 'origin').setHeader('cache-control', 'no-store');
  const { origin } = request.headers;
  // Browsers send it with each POST, also from a site whose name was made to point here.
  if (origin !== undefined) {
    if (!origins.has(origin)) throw new Refused(403, `not for ${origin}; see --origin`);
    allow(origin, request, response);
  }
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  const work = operation(request.url ?? '');
  if (request.method !== 'POST') throw new Refused(405, 'POST only');
  if (token !== undefined && !isBearer(token, request.headers.authorization)) {
    throw new Refused(401, 'Authorization: Bearer with the token of LRM_CODEC_TOKEN is needed');
  }
  reply(response, 200, { payloads: await work(keys, await readPayloads(request)) });
}

function allow(origin: string, request: IncomingMessage, response: ServerResponse): void {
  response
    .setHeader('access-control-allow-origin', origin)
    .setHeader('access-control-allow-methods', 'POST')
    .setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization')
    .setHeader('access-control-allow-credentials', 'true')
    .setHeader('access-control-max-age', '600');
  // Chrome asks this before a page of a public site may reach this machine.
  if (request.headers['access-control-request-private-network'] === 'true') {
    response.setHeader('access-control-allow-private-network', 'true');
  }
}

/** By the path's end: Temporal puts it behind the endpoint that is set, which may have a path. */
function operation(url: string): typeof decodePayloads {
  const [path = ''] = url.split('?');
  if (path.endsWith('/decode')) return decodePayloads;
  if (path.endsWith('/encode')) return encodePayloads;
  throw new Refused(404, 'only /decode and /encode are here');
}

function isBearer(token: string, given = ''): boolean {
  const [expected, actual] = [Buffer.from(`Bearer ${token}`), Buffer.from(given)];
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
