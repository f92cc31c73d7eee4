import type { AttemptOutcome } from '../../drizzle/schema';
import type { BatchNews } from '../../jobs/context/batchTimes';
import type { AttemptProgress } from '../attempt/progress';

/** 'unknown': it could not be written. */
export type Outcome = AttemptOutcome | 'unknown';

/** What an attempt tells of itself. Nothing here throws: metrics must not end an attempt. */
export interface AttemptMetrics {
  batches(news: BatchNews): void;
  /**
   * How it ended, as written to its row.
   * @param errorClass of errorClass(); undefined: without an error
   */
  ended(outcome: Outcome, errorClass?: string): void;
  /** To be called when it is over, however it ended: from now on it has no gauges. */
  close(): void;
}

/** The metrics of a worker. */
export interface Metrics {
  /** To be called when Temporal's runtime is surely installed. May be called again. */
  start(): void;
  /** To be called when an attempt begins. */
  begin(migration: string, progress: AttemptProgress): AttemptMetrics;
  /** Stops reading the database. Gauges then say nothing any more. */
  close(): void;
}

const NONE: AttemptMetrics = { batches: () => {}, ended: () => {}, close: () => {} };

/** Where nobody measures: without a worker, or without an exporter. */
export const NO_METRICS: Metrics = { start: () => {}, begin: () => NONE, close: () => {} };
