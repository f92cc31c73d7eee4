import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  text,
  timestamp,
  varchar,
} from 'drizzle-orm/pg-core';

const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/** What a registered migration is doing. Legal moves between them: transitions.ts. */
export const migrationStatus = pgEnum('long_running_migration_status', [
  'created', // registered, never begun
  'in_progress', // begun: an attempt runs, or the next one will go on from where the last stopped
  'paused', // an operator stopped it; waits for `lrm resume`
  'completed', // run() returned; never run again
  'failed', // run() failed in a way that retrying can't mend; waits for `lrm retry`
  'cancelled', // an operator gave it up
]);

/** How one attempt ended. */
export const attemptOutcome = pgEnum('long_running_migration_outcome', [
  'completed', // run() returned
  'failed', // ended the migration: not retryable
  'retried', // an error that another attempt may not meet
  'timed_out', // its own time limit
  'interrupted', // worker shutdown, cancellation of the run, or a worker that vanished
  'superseded', // a newer attempt was claimed while it still thought it ran
  'paused', // an operator's pause, ours or Temporal's
  'cancelled', // an operator's cancel
]);

/** What an operator last asked of a migration (`lrm pause`, and so on). */
export const operatorRequest = pgEnum('long_running_migration_request', [
  'pause',
  'resume',
  'cancel',
  'retry',
]);

export const migrations = pgTable(
  'long_running_migrations',
  {
    name: varchar('name', { length: 255 }).primaryKey(),
    status: migrationStatus('status').notNull().default('created'),
    attempts: integer('attempts').notNull().default(0),
    /** What happened and what to do; never a row's values. */
    error: text('error'),
    /** The author's own, as given to saveCheckpoint(). */
    checkpoint: jsonb('checkpoint'),
    rowsDone: bigint('rows_done', { mode: 'number' }).notNull().default(0),
    /** An estimate; null where nobody knows. */
    rowsTotal: bigint('rows_total', { mode: 'number' }),
    /** The attempt that may write. Every older one is fenced off. */
    currentAttempt: bigint('current_attempt', { mode: 'bigint' }),
    /** When Temporal scheduled the attempt that claimed last; an older one is refused. */
    claimScheduledAt: time('claim_scheduled_at'),
    request: operatorRequest('request'),
    requestReason: text('request_reason'),
    requestedBy: text('requested_by'),
    requestedAt: time('requested_at'),
    /** Why it isn't started: an unfinished dependency, no such file here. */
    waitsFor: text('waits_for'),
    createdAt: time('created_at').notNull().defaultNow(),
    updatedAt: time('updated_at').notNull().defaultNow(),
    startedAt: time('started_at'),
    completedAt: time('completed_at'),
  },
  (table) => [
    check('long_running_migrations_name_check', sql`${table.name} ~ '^[0-9]{4}_[a-z0-9_]+$'`),
    // Finding what is pending must not slow down with the number of completed ones.
    index('long_running_migrations_pending')
      .on(table.createdAt, table.name)
      .where(sql`status in ('created', 'in_progress')`),
  ],
);

/** One row an attempt: the audit log. Temporal's history expires, this does not. */
export const attempts = pgTable(
  'long_running_migration_attempts',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    migration: varchar('migration', { length: 255 })
      .notNull()
      .references(() => migrations.name),
    /** Counts on over all runs; Temporal's own begins at 1 in each. */
    number: integer('number').notNull(),
    /** Identity of the worker: pid@host. */
    worker: text('worker').notNull(),
    /** Temporal's run ID of the workflow. */
    runId: text('run_id').notNull(),
    startedAt: time('started_at').notNull().defaultNow(),
    heartbeatAt: time('heartbeat_at').notNull().defaultNow(),
    endedAt: time('ended_at'),
    outcome: attemptOutcome('outcome'),
    error: text('error'),
    /** Rows done by this attempt alone. */
    rowsDone: bigint('rows_done', { mode: 'number' }).notNull().default(0),
    /** True once anything was kept: a batch, a checkpoint, a row more. Resets the count of failures. */
    progressed: boolean('progressed').notNull().default(false),
  },
  (table) => [index('long_running_migration_attempts_latest').on(table.migration, table.number)],
);

export type Migration = typeof migrations.$inferSelect;
export type Attempt = typeof attempts.$inferSelect;
export type MigrationStatus = Migration['status'];
export type AttemptOutcome = NonNullable<Attempt['outcome']>;
export type OperatorRequest = NonNullable<Migration['request']>;
