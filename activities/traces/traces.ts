import type { Direction } from '../../drizzle/schema';
import type { BatchNews } from '../../jobs/context/batchTimes';

/** Where attempts and their batches are recorded as spans. Made in worker/traces, see LRM_TRACES. */
export interface Traces {
  /** False: nothing is recorded, so that no job has to send its batches. */
  readonly on: boolean;
  /** Begins the span of an attempt, within the span of its activity. */
  begin(attempt: TracedAttempt): AttemptTrace;
  /** What a log line says of the span that is going on, so that it is found from the line. */
  readonly logFields: () => { readonly trace_id: string; readonly span_id: string } | undefined;
}

/** Which attempt a span is of. */
export interface TracedAttempt {
  readonly migration: string;
  readonly number: number;
  readonly direction: Direction;
}

/** The span of an attempt. */
export interface AttemptTrace {
  /** Counts batches, and records those that were sampled. */
  batches(news: Pick<BatchNews, 'times' | 'sampled'>): void;
  /** Ends the span. Later calls are ignored. */
  end(facts?: AttemptFacts): void;
}

/** How an attempt ended. */
export interface AttemptFacts {
  readonly outcome: string;
  /** Rows done by this attempt. */
  readonly rows: number;
  /** Only of an attempt that failed or is retried for an error. Never its text. */
  readonly error?: { readonly errorClass: string; readonly code?: string | undefined } | undefined;
}

const noTrace: AttemptTrace = { batches: () => {}, end: () => {} };

/** LRM_TRACES is off. */
export const NO_TRACES: Traces = {
  on: false,
  begin: () => noTrace,
  logFields: () => undefined,
};
