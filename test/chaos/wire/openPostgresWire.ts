import { Armed } from './armed';
import { PostgresFilter } from './postgresFilter';
import type { Point, PostgresWire, Stopped } from './postgresWire';
import type { Statement } from './statements';
import { TcpWire } from './tcpWire';

/** Starts a wire to a Postgres server ('host:port'). Clients must not ask for encryption. */
export async function openPostgresWire(server: string): Promise<PostgresWire> {
  const wire = new ReadingWire(server);
  await wire.listen();
  return wire;
}

class ReadingWire extends TcpWire implements PostgresWire {
  readonly #armed: Armed;
  readonly passed: Map<string, number>;
  #watching: ((statement: Statement, session: string) => void) | undefined;

  constructor(server: string) {
    const armed = new Armed();
    const passed = new Map<string, number>();
    super(
      server,
      (ends) =>
        new PostgresFilter(ends, {
          armed,
          passed: (statement, session) => {
            const { name } = statement;
            if (name !== undefined) passed.set(name, (passed.get(name) ?? 0) + 1);
            this.#watching?.(statement, session);
          },
        }),
    );
    this.#armed = armed;
    this.passed = passed;
  }

  stopAt(point: Point, deadline: number): Promise<Stopped | undefined> {
    return this.stopAtFirst([point], deadline);
  }

  stopAtFirst(
    points: readonly Point[],
    deadline: number,
    signal?: AbortSignal,
  ): Promise<Stopped | undefined> {
    return this.#armed.wait(points, deadline, signal);
  }

  watch(watching: (statement: Statement, session: string) => void): void {
    this.#watching = watching;
  }
}
