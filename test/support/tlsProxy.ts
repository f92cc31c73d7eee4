import { once } from 'node:events';
import http2 from 'node:http2';
import { type AddressInfo, connect, type Server } from 'node:net';
import tls from 'node:tls';

/** A server in front of Temporal's. */
export interface TlsProxy {
  /** 'host:port' to use instead of the server's. */
  readonly address: string;
  close(): void;
}

/** Starts a server that speaks TLS and passes everything on to `target` ('host:port'). */
export async function startTlsProxy(target: string, options: tls.TlsOptions): Promise<TlsProxy> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const sockets = new Set<{ destroy(): void }>();
  const server = tls.createServer({ ALPNProtocols: ['h2'], ...options }, (client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  const close = () => {
    for (const socket of sockets) socket.destroy();
  };
  return listening(server, close);
}

/** The same, but it looks at each call, and refuses those without the API key, as Temporal Cloud does. */
export async function startApiKeyProxy(
  target: string,
  apiKey: string,
  options: http2.SecureServerOptions,
): Promise<TlsProxy> {
  const upstream = http2.connect(`http://${target}`);
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createSecureServer(options);
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    if (headers.authorization !== `Bearer ${apiKey}`) {
      const unauthenticated = { 'grpc-status': '16', 'grpc-message': 'Request unauthorized.' };
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', ...unauthenticated },
        { endStream: true },
      );
      return;
    }
    forward(stream, upstream.request(withoutAuthority(headers)));
  });
  const close = () => {
    upstream.destroy();
    for (const session of sessions) session.destroy();
  };
  return listening(server, close);
}

const withoutAuthority = ({ ':authority': _, ...rest }: http2.IncomingHttpHeaders) => rest;

function forward(stream: http2.ServerHttp2Stream, call: http2.ClientHttp2Stream): void {
  let trailers: http2.OutgoingHttpHeaders = {};
  call.on('error', () => stream.destroy());
  call.on('trailers', (received) => {
    trailers = received;
  });
  call.on('response', (received, flags) => {
    // A call that fails at once has its status in the headers, and nothing behind them.
    const endStream = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(received, { waitForTrailers: !endStream, endStream });
    if (endStream) return;
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    call.pipe(stream);
  });
  stream.pipe(call);
}

async function listening(server: Server, close: () => void): Promise<TlsProxy> {
  server.on('tlsClientError', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      close();
    },
  };
}
