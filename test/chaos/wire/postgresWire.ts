import type { Statement } from './statements';
import type { Wire } from './wire';

/**
 * A statement of ours as it passes by: 'claim: lock', 'batch: check', 'batch: commit', 'fold',
 * 'checkpoint', 'outcome: migration' …
 */
export interface Point {
  readonly name: string;
  /** Before: the server has not got it. After: the server has done it, the client has no answer. */
  readonly when: 'before' | 'after';
}

/** A connection that waits at a point. It goes on after `release`, or is cut. */
export interface Stopped {
  readonly point: Point;
  /** The session's application name: tells the worker's own from those of an attempt. */
  readonly session: string;
  /** The client's port, by which its process is found; see clientProcess.ts. */
  readonly clientPort: number;
  /** Lets it go on. */
  release(): void;
  /** Ends the connection on both sides. After a point 'after', the client never gets the answer. */
  cut(): void;
}

/** A wire that reads Postgres's protocol and can stop a statement at a named point. */
export interface PostgresWire extends Wire {
  /**
   * Stops the next statement that passes the point. Others go on.
   * @param deadline milliseconds; afterwards nothing waits any more, and the result is undefined
   */
  stopAt(point: Point, deadline: number): Promise<Stopped | undefined>;
  /**
   * The same for whichever of the points is passed first.
   * @param signal ends the wait, like the deadline
   */
  stopAtFirst(
    points: readonly Point[],
    deadline: number,
    signal?: AbortSignal,
  ): Promise<Stopped | undefined>;
  /** Calls `watching` with each statement that is executed, also with those that no point names. */
  watch(watching: (statement: Statement, session: string) => void): void;
  /** How often each statement has passed. */
  readonly passed: ReadonlyMap<string, number>;
}
