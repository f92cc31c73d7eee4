/**
 * How the database is doing for everybody else. Read between batches, from memory: it costs no query.
 * A value that can't be read is undefined; the log has said so once, with the reason.
 */
export interface Signals {
  /**
   * How long one tiny transaction takes: the mean of about the last second. Measured on the server,
   * so that a busy thread of ours is not taken for a busy database. Milliseconds.
   */
  readonly canaryMs: number | undefined;
  /**
   * What it takes without us: the least of drained pauses and of the last minutes. Milliseconds.
   */
  readonly floorMs: number | undefined;
  /** What it took in the last pause of ours. Milliseconds. */
  readonly drainedMs: number | undefined;
  /** Transactions a second that others end in this database: its own count, less ours. */
  readonly foreignPerSecond: number | undefined;
  /**
   * True when nobody else has used this database for some seconds. A few transactions a second, such
   * as those of monitoring, are nobody.
   */
  readonly nobodyThere: boolean;
  /** How long their transactions keep the server active: the mean of the last 5 s or more. Milliseconds. */
  readonly foreignMs: number | undefined;
  /** What that is without us. Milliseconds. */
  readonly foreignFloorMs: number | undefined;
}

/** Where the control law gets its signals from. */
export interface SignalSource {
  /** Watches the database until the signal is aborted. Never rejects: load is no reason to fail. */
  start(signal: AbortSignal): Promise<void>;
  read(): Signals;
  /**
   * To be called for each transaction of ours that ended, also one that was rolled back.
   * @param activeMs how long the database worked for it, as far as the client can say. Milliseconds.
   */
  ourCommit(activeMs: number): void;
  /** Says that no lane of ours works while `during` runs: what is measured then is the floor. */
  drained<T>(during: () => Promise<T>): Promise<T>;
}
