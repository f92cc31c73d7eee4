import type net from 'node:net';

/** A request to cancel a statement, to which a server only answers by ending the connection. Bytes. */
const CANCEL_REQUEST = 16;

/**
 * Makes an error of it when a server ends the connection without a word, as a proxy does that has no
 * server behind it. The driver would connect again and again, for ever.
 */
export function failAtEarlyEnd(socket: net.Socket, error: () => Error): void {
  const isAnswered = watch(socket);
  const before = socket.bytesWritten;
  socket.prependOnceListener('close', () => {
    const asked = socket.bytesWritten - before > CANCEL_REQUEST;
    if (asked && !isAnswered() && !socket.errored) socket.emit('error', error());
  });
}

/**
 * With TLS 1.3, a server looks at the client certificate after the handshake. Its alert is lost when
 * we have sent something in the meantime, and only the end of the connection is seen.
 */
export function blameCertificate(socket: net.Socket): void {
  const isAnswered = watch(socket);
  socket.prependListener('error', (error: NodeJS.ErrnoException) => {
    const isEnd = error.code === 'ECONNRESET' || error.code === 'EPIPE';
    if (isEnd && !isAnswered()) error.code = 'CLIENT_CERTIFICATE_REFUSED';
  });
}

function watch(socket: net.Socket): () => boolean {
  let isAnswered = false;
  // Nothing is sent to us before we have sent something, and by then the driver listens, too.
  socket.once('data', () => {
    isAnswered = true;
  });
  return () => isAnswered;
}
