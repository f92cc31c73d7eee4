import type { Point, Stopped } from './postgresWire';

/** Somebody who waits for a statement to pass one of these points. */
interface Waiter {
  readonly points: readonly Point[];
  readonly resolve: (stopped: Stopped | undefined) => void;
  /** Called at the deadline while a statement is on its way to its stop. */
  giveUp: (() => void) | undefined;
}

/** A stop that one statement has been chosen for. */
export interface Claimed {
  readonly point: Point;
  /** It has stopped. */
  stopped(stopped: Stopped): void;
  /** It will not stop: it has failed. The next one is waited for. */
  missed(): void;
  /** Called at the deadline, when it has not stopped by then. It must go on. */
  onGiveUp(body: () => void): void;
}

/** The points at which somebody wants a statement to stop. */
export class Armed {
  readonly #waiters = new Set<Waiter>();

  /** The first stop at one of these points. Undefined: none until the deadline. Milliseconds. */
  wait(
    points: readonly Point[],
    deadline: number,
    signal?: AbortSignal,
  ): Promise<Stopped | undefined> {
    return new Promise((resolve) => {
      const giveUp = () => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        waiter.giveUp?.();
        resolve(undefined);
      };
      const timer = setTimeout(giveUp, deadline);
      signal?.addEventListener('abort', giveUp, { once: true });
      const waiter: Waiter = {
        points,
        resolve: (stopped) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', giveUp);
          resolve(stopped);
        },
        giveUp: undefined,
      };
      this.#waiters.add(waiter);
    });
  }

  /** Chooses this statement, if somebody waits for it. Each waiter gets one. */
  claim(name: string, when: Point['when']): Claimed | undefined {
    for (const waiter of this.#waiters) {
      const point = waiter.points.find((each) => each.name === name && each.when === when);
      if (!point) continue;
      this.#waiters.delete(waiter);
      let over = false;
      waiter.giveUp = () => {
        over = true;
      };
      return {
        point,
        stopped: (stopped) => {
          waiter.giveUp = undefined;
          if (over) stopped.release();
          else waiter.resolve(stopped);
        },
        missed: () => {
          waiter.giveUp = undefined;
          if (!over) this.#waiters.add(waiter);
        },
        onGiveUp: (body) => {
          waiter.giveUp = () => {
            over = true;
            body();
          };
        },
      };
    }
    return undefined;
  }
}
