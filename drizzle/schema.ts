import { getTableColumns, sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgSchema,
  text,
  timestamp,
  unique,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';

/**
 * An author's own value. Not Drizzle's jsonb(): it parses what postgres.js has parsed already, so the
 * text '2024' would come back as a number.
 */
const json = customType<{ data: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
});

const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

/**
 * The Postgres schema that holds everything of ours. Every statement names it, so no search_path
 * decides which tables are ours, and the application's own tools leave them alone.
 */
export const SCHEMA = 'long_running_migrations';

const schema = pgSchema(SCHEMA);

/** What a registered migration is doing. Legal moves between them: rows/transitions.ts. */
export const migrationStatus = schema.enum('migration_status', [
  'created', // registered, never begun
  'in_progress', // begun: an attempt runs, or the next one will go on from where the last stopped
  'paused', // an operator stopped it; waits for `lrm resume`
  'completed', // run() returned; never run again
  'failed', // run() failed in a way that retrying can't mend; waits for `lrm retry`
  'cancelled', // an operator gave it up
]);

/** How one attempt ended. */
export const attemptOutcome = schema.enum('attempt_outcome', [
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
export const operatorRequest = schema.enum('operator_request', [
  'pause',
  'resume',
  'cancel',
  'retry',
]);

export const migrations = schema.table(
  'migrations',
  {
    name: varchar('name', { length: 255 }).primaryKey(),
    status: migrationStatus('status').notNull().default('created'),
    attempts: integer('attempts').notNull().default(0),
    /** What happened and what to do; never a row's values. */
    error: text('error'),
    /** The author's own, as given to saveCheckpoint(). */
    checkpoint: json('checkpoint'),
    /** Counts the checkpoints kept: an attempt notices when the database no longer has its last one. */
    checkpointVersion: bigint('checkpoint_version', { mode: 'number' }).notNull().default(0),
    rowsDone: bigint('rows_done', { mode: 'number' }).notNull().default(0),
    /** An estimate; null where nobody knows. */
    rowsTotal: bigint('rows_total', { mode: 'number' }),
    /** The attempt that may write. Every older one is fenced off. */
    currentAttempt: bigint('current_attempt', { mode: 'bigint' }),
    /**
     * Drawn at random by each claim. A database that lost the last claims (restored, or failed over)
     * may hand out the same attempt number again; this tells the two attempts apart.
     */
    epoch: uuid('epoch'),
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
    check('migrations_name_check', sql`${table.name} ~ '^[0-9]{4}_[a-z0-9_]+$'`),
    // Finding what is pending must not slow down with the number of completed ones.
    index('migrations_pending')
      .on(table.createdAt, table.name)
      .where(sql`status in ('created', 'in_progress')`),
  ],
);

/** One row an attempt: the audit log. Temporal's history expires, this does not. */
export const attempts = schema.table(
  'attempts',
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
    /** True when nobody knows whether its error passes: such count towards LRM_MAX_FAILURES. */
    errorUnknown: boolean('error_unknown').notNull().default(false),
    /** Rows done by this attempt alone. */
    rowsDone: bigint('rows_done', { mode: 'number' }).notNull().default(0),
    /** True once anything was kept: a batch, a checkpoint, a row more. Resets the count of failures. */
    progressed: boolean('progressed').notNull().default(false),
  },
  (table) => [index('attempts_latest').on(table.migration, table.number)],
);

/**
 * One row a walk (inBatches, forEach): where it stands. Key values are kept as text, one a key
 * column, since no JavaScript number or Date holds all of them.
 */
export const walks = schema.table(
  'walks',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    migration: varchar('migration', { length: 255 })
      .notNull()
      .references(() => migrations.name),
    /** Unique within the migration; by default the order of the walks in run(). */
    name: text('name').notNull(),
    /** Table, key, condition at the first attempt: a walk over anything else must not go on from here. */
    shape: jsonb('shape').$type<Record<string, string>>().notNull(),
    /** The last key at the first attempt, so that a growing table has an end; null: it was empty. */
    upperBound: text('upper_bound').array(),
    /** Every row up to this key is done; null: none yet. */
    lowWaterMark: text('low_water_mark').array(),
    /** Where an author's own iteration stands (forEach). */
    cursor: json('cursor'),
    /** Rows up to the low-water mark. */
    rowsDone: bigint('rows_done', { mode: 'number' }).notNull().default(0),
    /** The planner's estimate at the first attempt; null where nobody knows. */
    rowsTotal: bigint('rows_total', { mode: 'number' }),
    createdAt: time('created_at').notNull().defaultNow(),
    completedAt: time('completed_at'),
  },
  (table) => [unique('walks_name').on(table.migration, table.name)],
);

/**
 * Ranges (after, upto] that are done, above their walk's low-water mark. Each batch inserts its own
 * in its own transaction, so that lanes share no row; they are folded into the mark now and then.
 */
export const finishedRanges = schema.table(
  'finished_ranges',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    // No foreign key: its share locks on the walk's row would make the lanes write multixacts.
    walk: bigint('walk', { mode: 'bigint' }).notNull(),
    /** Null: from the very first key. */
    after: text('after').array(),
    upto: text('upto').array().notNull(),
    rows: bigint('rows', { mode: 'number' }).notNull(),
  },
  (table) => [index('finished_ranges_walk').on(table.walk)],
);

/** Without the checkpoint: it may be a hundred megabytes, and only its job reads it. */
export const { checkpoint: _checkpoint, ...migrationColumns } = getTableColumns(migrations);

export type Migration = Omit<typeof migrations.$inferSelect, 'checkpoint'>;
export type Attempt = typeof attempts.$inferSelect;
export type MigrationStatus = Migration['status'];
export type AttemptOutcome = NonNullable<Attempt['outcome']>;
export type OperatorRequest = NonNullable<Migration['request']>;
export type WalkRow = typeof walks.$inferSelect;
