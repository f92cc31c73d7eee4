import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../../support/freePort';
import { type Ends, type Filter, Link, plain, type Weather } from './link';
import type { Wire } from './wire';

/** Starts a wire to a server ('host:port') that passes everything on as it is. */
export async function openWire(server: string): Promise<Wire> {
  const wire = new TcpWire(server, plain);
  await wire.listen();
  return wire;
}

/** A TCP proxy with the faults of a network. */
export class TcpWire implements Wire {
  readonly #links = new Set<Link>();
  readonly #weather: Weather = { delay: 0, blackHole: false };
  #server: URL;
  #listener: Server | undefined;
  #port = 0;
  #closed = false;
  /** Opening and closing the port, one after the other. */
  #door: Promise<void> = Promise.resolve();

  /** @param filter makes what sees the messages of one connection */
  constructor(
    server: string,
    private readonly filter: (ends: Ends) => Filter,
  ) {
    this.#server = new URL(`tcp://${server}`);
  }

  /** Must be called once. The port is one that no outgoing connection can take while it refuses. */
  async listen(): Promise<void> {
    this.#port = await freePort();
    await this.#open();
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  retarget(server: string): void {
    this.#server = new URL(`tcp://${server}`);
    this.cut();
  }

  cut(): void {
    for (const link of this.#links) link.cut();
  }

  blackHole(): void {
    this.#weather.blackHole = true;
  }

  delay(milliseconds: number): void {
    this.#weather.delay = milliseconds;
  }

  refuse(): void {
    this.#shut();
    this.cut();
  }

  mend(): void {
    const { blackHole } = this.#weather;
    Object.assign(this.#weather, { delay: 0, blackHole: false });
    // Also those on which nothing was sent: neither side knows whether something was.
    if (blackHole) this.cut();
    if (!this.#closed) this.#atDoor(() => this.#open());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#shut();
    this.cut();
    await this.#door;
  }

  #shut(): void {
    this.#atDoor(async () => {
      const listener = this.#listener;
      this.#listener = undefined;
      listener?.close();
    });
  }

  async #open(): Promise<void> {
    if (this.#listener) return;
    const listener = createServer((client) => this.#connect(client));
    this.#listener = listener;
    await once(listener.listen(this.#port, '127.0.0.1'), 'listening');
  }

  /** Failing to open the port again is a failure of the whole run, so it ends it. */
  #atDoor(body: () => Promise<void>): void {
    this.#door = this.#door.then(body);
  }

  #connect(client: Socket): void {
    const link = new Link(client, this.#server, this.#weather, this.filter, () =>
      this.#links.delete(link),
    );
    this.#links.add(link);
  }
}
