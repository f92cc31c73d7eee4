import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be cut. */
export interface CuttableProxy {
  /** 'host:port' to use instead of the server's. */
  readonly address: string;
  /** From now on what is sent either way is swallowed, and nobody is told, as by a firewall. */
  cut(): void;
  close(): void;
}

/** Starts a TCP proxy to `target` ('host:port'). */
export async function startProxy(target: string): Promise<CuttableProxy> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const sockets = new Set<Socket>();
  let open = true;
  const pass = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('data', (bytes) => open && to.write(bytes));
    from.on('error', () => {});
    from.on('close', () => open && to.destroy());
  };
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    pass(client, upstream);
    pass(upstream, client);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      open = false;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
