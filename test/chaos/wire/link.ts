import { connect, type Socket } from 'node:net';

/** Sees what passes on one connection, and passes it on, now or later. */
export interface Filter {
  fromClient(bytes: Buffer): void;
  fromServer(bytes: Buffer): void;
  /** One side has closed the connection, after everything that it sent before. */
  ended(side: 'client' | 'server'): void;
}

/** What a filter does with a connection. */
export interface Ends {
  /** By this port the client's process is found. */
  readonly clientPort: number;
  toServer(bytes: Buffer): void;
  toClient(bytes: Buffer): void;
  /** Closes both sides after what was sent to them. */
  end(): void;
  /** Ends both sides at once (RST). */
  cut(): void;
}

/** What the network does to all connections of a wire now. */
export interface Weather {
  /** Milliseconds. */
  delay: number;
  blackHole: boolean;
}

/** One connection of a client, and the one that it is passed on to. */
export class Link implements Ends {
  readonly clientPort: number;
  readonly #server: Socket;
  readonly #filter: Filter;

  /** @param onClosed called when both sides are closed */
  constructor(
    private readonly client: Socket,
    server: URL,
    private readonly weather: Weather,
    filter: (ends: Ends) => Filter,
    onClosed: () => void,
  ) {
    this.clientPort = client.remotePort ?? 0;
    this.#server = connect(Number(server.port), server.hostname).setNoDelay();
    client.setNoDelay();
    this.#filter = filter(this);
    this.#pass(client, this.#server, 'client');
    this.#pass(this.#server, client, 'server');
    let open = 2;
    const closed = () => {
      open -= 1;
      if (open === 0) onClosed();
    };
    client.once('close', closed);
    this.#server.once('close', closed);
  }

  toServer(bytes: Buffer): void {
    send(bytes, this.client, this.#server);
  }

  toClient(bytes: Buffer): void {
    send(bytes, this.#server, this.client);
  }

  end(): void {
    this.client.destroySoon();
    this.#server.destroySoon();
  }

  cut(): void {
    reset(this.client);
    reset(this.#server);
  }

  /** What comes later must not overtake what is delayed, so all of one side stands in one line. */
  #pass(from: Socket, to: Socket, side: 'client' | 'server'): void {
    const filter = this.#filter;
    const line: { readonly due: number; readonly body: () => void }[] = [];
    const inLine = (body: () => void) => {
      const { blackHole, delay } = this.weather;
      // Swallowed. The wire ends the connection when the black hole is gone.
      if (blackHole) return;
      if (delay === 0 && line.length === 0) return body();
      line.push({ due: performance.now() + delay, body });
      if (line.length === 1) deliver();
    };
    const deliver = () => {
      const [first] = line;
      if (!first) return;
      setTimeout(() => {
        if (!this.weather.blackHole) first.body();
        line.shift();
        deliver();
      }, first.due - performance.now());
    };
    const received = (bytes: Buffer) =>
      side === 'client' ? filter.fromClient(bytes) : filter.fromServer(bytes);
    from.on('data', (bytes: Buffer) => inLine(() => received(bytes)));
    // A server that refuses or resets does so to the client, too.
    from.on('error', () => inLine(() => side === 'server' && !to.destroyed && reset(to)));
    from.on('close', () => inLine(() => this.#filter.ended(side)));
  }
}

/** Passes everything on at once. */
export const plain = (ends: Ends): Filter => ({
  fromClient: (bytes) => ends.toServer(bytes),
  fromServer: (bytes) => ends.toClient(bytes),
  ended: () => ends.end(),
});

function send(bytes: Buffer, from: Socket, to: Socket): void {
  if (to.destroyed || to.write(bytes)) return;
  from.pause();
  // What was read before the pause comes after it, and one listener is enough.
  if (to.listenerCount('drain') > 0) return;
  to.once('drain', () => from.resume());
}

/** A socket that never connected can't be reset. */
function reset(socket: Socket): void {
  if (!socket.destroyed) socket.connecting ? socket.destroy() : socket.resetAndDestroy();
}
