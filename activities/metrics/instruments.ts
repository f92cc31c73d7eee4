import type { MetricCounter, MetricGauge, MetricHistogram, MetricMeter } from '@temporalio/common';
import { BATCH_SECONDS } from '../../jobs/context/batchTimes';

/** One of our metrics. */
interface Metric {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly help: string;
}

/** All metrics. docs/monitoring.md explains each one. */
export const METRICS = {
  // Of attempts that run on this worker. Counters begin at 0 with each worker.
  rows: counter('lrm_rows_total', 'Rows done by attempts on this worker.'),
  batchSeconds: histogram('lrm_batch_seconds', 'How long batches took that have committed.'),
  batchRetries: counter('lrm_batch_retries_total', 'Batches rolled back and tried again.'),
  attempts: counter('lrm_attempts_total', 'Attempts that ended on this worker.'),
  errors: counter('lrm_attempt_errors_total', 'Errors that ended attempts on this worker.'),
  waiting: counter('lrm_waiting_seconds_total', 'Seconds for which attempts had to wait.'),
  running: gauge('lrm_attempts_running', 'Attempts that run on this worker now.'),
  lanes: gauge('lrm_lanes', 'Batches that may run at a time on this worker.'),
  batchTarget: gauge('lrm_batch_target_seconds', 'How long the throttle lets a batch take.'),
  slowdown: gauge(
    'lrm_application_slowdown_ratio',
    'The factor by which the application is slowed down. 1: not at all.',
  ),
  // From the database: each worker reports the same.
  migrations: gauge('lrm_migrations', 'Registered migrations by status.'),
  oldestPending: gauge(
    'lrm_oldest_pending_seconds',
    'For how long the oldest migration that has not begun is pending. 0: none is.',
  ),
  status: gauge(
    'lrm_migration_status',
    'How many registrations of the migration (one, or one for each target) have the status.',
  ),
  rowsDone: gauge('lrm_migration_rows_done', 'Rows done by all attempts.'),
  rowsInAll: gauge('lrm_migration_rows', 'Rows to do in all, an estimate.'),
  ratio: gauge('lrm_migration_done_ratio', 'The part that is done, 0 to 1.'),
  sinceProgress: gauge(
    'lrm_migration_since_progress_seconds',
    'Seconds since the last progress of a migration that is in progress.',
  ),
  remaining: gauge(
    'lrm_migration_remaining_seconds',
    'Seconds that are left at the speed of the attempt that runs.',
  ),
  silent: gauge(
    'lrm_migration_silent_seconds',
    'Seconds since the last heartbeat of a migration that is in progress.',
  ),
  skipped: gauge('lrm_migration_skipped_rows', 'Rows that are recorded as skipped.'),
  databaseUp: gauge('lrm_database_up', '1: this worker has read the database. 0: it could not.'),
  readAt: gauge(
    'lrm_database_read_timestamp_seconds',
    'When this worker has read the database last, as a Unix time.',
  ),
} as const satisfies Readonly<Record<string, Metric>>;

type Created<M extends Metric> = M['kind'] extends 'counter'
  ? MetricCounter
  : M['kind'] extends 'histogram'
    ? MetricHistogram
    : MetricGauge;

/** What {@link METRICS} are recorded with. */
export type Instruments = { readonly [N in keyof typeof METRICS]: Created<(typeof METRICS)[N]> };

/**
 * Buckets from 1 ms on. Those of Temporal's runtime begin far above a batch. An application that has
 * installed its own runtime gives them to it: `histogramBucketOverrides: migrationsHistogramBuckets`.
 */
export const HISTOGRAM_BUCKETS: Record<string, number[]> = {
  [METRICS.batchSeconds.name]: [...BATCH_SECONDS],
};

/** What a gauge is set to when there is nothing to say: a gauge can't be removed. */
export const NOTHING = Number.NaN;

/** A meter of Temporal's runtime, and what its exporter does to names. */
export interface Meter {
  readonly meter: MetricMeter;
  /** Whether it adds `_total` to the names of counters. */
  readonly addsTotal: boolean;
}

/** Creates all instruments. So names are the same, whatever the exporter adds. */
export function createInstruments({ meter, addsTotal }: Meter): Instruments {
  const create = ({ kind, name, help }: Metric) => {
    switch (kind) {
      case 'counter':
        return meter.createCounter(addsTotal ? name.replace(/_total$/, '') : name, '', help);
      case 'gauge':
        return meter.createGauge(name, 'float', '', help);
      case 'histogram':
        return meter.createHistogram(name, 'float', '', help);
    }
  };
  const created = Object.entries(METRICS).map(([key, metric]) => [key, create(metric)]);
  return Object.fromEntries(created) as Instruments;
}

function counter<N extends string>(name: N, help: string) {
  return { kind: 'counter', name, help } as const;
}

function gauge<N extends string>(name: N, help: string) {
  return { kind: 'gauge', name, help } as const;
}

function histogram<N extends string>(name: N, help: string) {
  return { kind: 'histogram', name, help } as const;
}
