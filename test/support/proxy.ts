import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A TCP proxy that can stop forwarding, or forward something else. */
export interface CuttableProxy {
  /** 'host:port' to use instead of the server's. */
  readonly address: string;
  /** From now on drops everything without closing connections, like a firewall. */
  cut(): void;
  /**
   * Delays the first packet to the server that holds this text, and everything after it on the same
   * connection, like a network that lost packets. Resolves when the packet has been forwarded.
   */
  delayOnce(text: string, milliseconds: number): Promise<void>;
  /** From now on connects to this 'host:port'. Ends the connections to the one before. */
  retarget(target: string): void;
  /** Sends `by` to the server instead of this message, the first time that it is sent from now on. */
  replaceOnce(message: Buffer, by: Buffer): void;
  /** The first packet of each connection. For Postgres it holds the start-up parameters. */
  readonly firstPackets: readonly Buffer[];
  close(): void;
}

interface Delay {
  readonly text: string;
  readonly milliseconds: number;
  readonly passed: () => void;
}

/** Starts a TCP proxy to `target` ('host:port'). */
export async function startProxy(target: string): Promise<CuttableProxy> {
  let to = new URL(`tcp://${target}`);
  const sockets = new Set<Socket>();
  const firstPackets: Buffer[] = [];
  let open = true;
  let delay: Delay | undefined;
  let replacement: { readonly message: Buffer; readonly by: Buffer } | undefined;
  const replaced = (bytes: Buffer): Buffer => {
    const at = replacement ? bytes.indexOf(replacement.message) : -1;
    if (!replacement || at < 0) return bytes;
    const { message, by } = replacement;
    replacement = undefined;
    return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + message.length)]);
  };
  const pass = (from: Socket, to: Socket, toServer: boolean) => {
    sockets.add(from);
    let sent: Promise<void> = Promise.resolve();
    from.on('data', (received: Buffer) => {
      const bytes = toServer ? replaced(received) : received;
      const wait = toServer && delay && bytes.includes(delay.text) ? delay : undefined;
      if (wait) delay = undefined;
      sent = sent.then(async () => {
        if (wait) await sleep(wait.milliseconds);
        if (open) to.write(bytes);
        wait?.passed();
      });
    });
    from.on('error', () => {});
    from.on('close', () => open && to.destroy());
  };
  const server = createServer((client) => {
    const upstream = connect(Number(to.port), to.hostname);
    client.once('data', (bytes: Buffer) => firstPackets.push(bytes));
    pass(client, upstream, true);
    pass(upstream, client, false);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      open = false;
    },
    delayOnce: (text, milliseconds) =>
      new Promise((passed) => {
        delay = { text, milliseconds, passed };
      }),
    retarget: (target) => {
      to = new URL(`tcp://${target}`);
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    replaceOnce: (message, by) => {
      replacement = { message, by };
    },
    firstPackets,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
