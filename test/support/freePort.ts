import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A free port below the range that systems use for outgoing connections, which could take it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const listening = await once(server.listen(port), 'listening').catch(() => undefined);
    if (!listening) continue;
    await once(server.close(), 'close');
    return port;
  }
}
