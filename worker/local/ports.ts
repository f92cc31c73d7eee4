import { randomInt } from 'node:crypto';

/** A port on loopback: the preferred one if it is free, else another one and a note. */
export async function choosePort(
  preferred: number | undefined,
  what: string,
  note: (text: string) => void,
): Promise<number> {
  const { default: getPort } = await import('get-port');
  const port = await getPort({
    host: '127.0.0.1',
    port: [...(preferred === undefined ? [] : [preferred]), ...randomPorts()],
  });
  if (preferred !== undefined && port !== preferred) {
    note(`Port ${preferred} is taken; ${what} listens on ${port}.`);
  }
  return port;
}

/**
 * Ports below the range that systems use for outgoing connections (32768 and up on Linux): a port
 * in that range can be taken between this choice and the server's bind. They are random, so that
 * two starts at the same moment don't choose the same one.
 */
function randomPorts(): number[] {
  return Array.from({ length: 50 }, () => randomInt(20_000, 32_000));
}
