import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * An address on loopback where nothing listens. Below the range that systems use for outgoing
 * connections (32768 and up on Linux), so that it is still free a moment later.
 */
export async function freeAddress(): Promise<string> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return `127.0.0.1:${port}`;
  }
}
