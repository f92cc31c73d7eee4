import net from 'node:net';
import tls from 'node:tls';

/** How a connection attempt ended. */
export type Handshake =
  /** The server spoke HTTP/2, as Temporal does. */
  | { readonly kind: 'answered' }
  /**
   * It took the connection, and then closed it, said something else, or nothing (ETIMEDOUT). `error`: why, if
   * it said so.
   */
  | { readonly kind: 'silent'; readonly error?: NodeJS.ErrnoException }
  /** It never got as far. */
  | { readonly kind: 'failed'; readonly error: NodeJS.ErrnoException };

/** Where to connect. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Long for a server that answers, short for an operator who waits. Milliseconds. */
const WITHIN = 2_000;

/** What an HTTP/2 client says first: a fixed text, and a SETTINGS frame without settings. */
const PREFACE = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);

/** A server's first frame is SETTINGS too. The Web UI, for example, answers with HTTP/1.1 and an error. */
const SETTINGS = 4;
const isHttp2 = (data: Buffer): boolean => data[3] === SETTINGS;

/** Connects in plain text. */
export const shakePlain = (target: Target): Promise<Handshake> =>
  shake(net.connect(target), 'connect');

/** Connects by TLS. Errors of the certificates of both sides come as Node and OpenSSL name them. */
export const shakeTls = (target: Target, options: tls.ConnectionOptions): Promise<Handshake> =>
  shake(tls.connect({ ALPNProtocols: ['h2'], ...options, ...target }), 'secureConnect');

function shake(socket: net.Socket, opened: 'connect' | 'secureConnect'): Promise<Handshake> {
  return new Promise<Handshake>((resolve) => {
    let isOpen = false;
    const end = (error?: NodeJS.ErrnoException) => {
      if (isOpen) resolve(error ? { kind: 'silent', error } : { kind: 'silent' });
      else resolve({ kind: 'failed', error: error ?? new Error('no answer') });
    };
    const timer = setTimeout(() => end(late()), WITHIN);
    socket.once(opened, () => {
      isOpen = true;
      // With TLS 1.3 a server looks at the client's certificate only now.
      socket.write(PREFACE);
    });
    socket.once('data', (data) => (isHttp2(data) ? resolve({ kind: 'answered' }) : end()));
    socket.on('error', end);
    socket.once('close', () => {
      clearTimeout(timer);
      end();
    });
  }).finally(() => socket.destroy());
}

const late = (): NodeJS.ErrnoException =>
  Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
