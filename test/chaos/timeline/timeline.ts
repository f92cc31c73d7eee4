/** What happened in a run, one line an event. */
export interface Timeline {
  /**
   * @param lane who did it or where it happened, like 'nemesis', 'worker 2', 'operator 1', 'checker'
   * @param what in one line, without row values
   */
  event(lane: string, what: string): void;
  /** The same for what lasts: an event at its begin, and one at its end that says how long it took. */
  during<T>(lane: string, what: string, body: () => Promise<T>): Promise<T>;
}

/** A line of timeline.jsonl. */
export interface TimelineEvent {
  /** Milliseconds since 1970, of this machine's clock. */
  readonly at: number;
  /** Seconds since the run's start. */
  readonly second: number;
  readonly lane: string;
  readonly what: string;
  /** Only of an event that lasted: the milliseconds that it took. `at` is its end. */
  readonly took?: number;
  /** Only of the begin of an event that lasts: true. */
  readonly begins?: boolean;
  /** Only of an event that lasted: it ended with an error. */
  readonly failed?: boolean;
}
