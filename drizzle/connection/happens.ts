import type net from 'node:net';

/**
 * Waits for an event of a socket, and leaves no listener behind.
 * @param ended gives the error for a socket that is closed without one
 * @throws the socket's error
 */
export function happens<T = unknown>(
  socket: net.Socket,
  event: 'connect' | 'data' | 'secureConnect',
  ended: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (result: () => void) => {
      socket.off(event, happened).off('error', failed).off('close', closed);
      result();
    };
    const happened = (value: T) => settle(() => resolve(value));
    const failed = (error: Error) => settle(() => reject(error));
    const closed = () => settle(() => reject(ended()));
    socket.once(event, happened).once('error', failed).once('close', closed);
  });
}

/** An error without any listener would end the process: between two waits, nobody else listens. */
export function neverUnheard<T extends net.Socket>(socket: T): T {
  socket.on('error', () => {});
  return socket;
}
