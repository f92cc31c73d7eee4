import { getTableColumns, sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { NAME, SCHEMA } from './ourSchema';

export { NAME, SCHEMA } from './ourSchema';

/**
 * A value of the job's author. Drizzle's jsonb() parses again what postgres.js has parsed already,
 * so the text '2024' would come back as a number.
 */
const json = customType<{ data: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
});

const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

const schema = pgSchema(SCHEMA);

/** The status of a registered migration. See rows/transitions.ts for the legal transitions. */
export const migrationStatus = schema.enum('migration_status', [
  'created', // waits for its first attempt, or for the next one after `lrm resume` or `lrm retry`
  'in_progress', // an attempt runs, or the next one will go on where the last one stopped
  'paused', // an operator stopped it; it waits for `lrm resume`
  'completed', // run() returned; it never runs again unless an operator asks
  'failed', // run() failed in a way that a retry can't fix; it waits for `lrm retry`
  'cancelled', // an operator ended it for good
  'reverted', // revert() returned; it does nothing more unless an operator asks
]);

/** Which of a job's functions a migration runs: run() or revert(). Only an operator changes it. */
export const migrationDirection = schema.enum('migration_direction', ['forward', 'revert']);

/** How one attempt ended. */
export const attemptOutcome = schema.enum('attempt_outcome', [
  'completed', // run() returned
  'failed', // an error that can't be retried; it ended the migration
  'retried', // an error that the next attempt may not meet
  'timed_out', // it reached its time limit
  'interrupted', // the worker shut down or vanished, or the run was cancelled
  'superseded', // a newer attempt was claimed while this one still ran
  'paused', // an operator's pause, by `lrm pause` or in Temporal
  'cancelled', // an operator's cancel
  'reverted', // revert() returned
]);

/** The last request of an operator (`lrm pause` and so on). */
export const operatorRequest = schema.enum('operator_request', [
  'pause',
  'resume',
  'cancel',
  'retry',
  'revert',
]);

export const migrations = schema.table(
  'migrations',
  {
    name: varchar('name', { length: 255 }).primaryKey(),
    status: migrationStatus('status').notNull().default('created'),
    /** Each change of it removes walks and checkpoint, which belong to the function before. */
    direction: migrationDirection('direction').notNull().default('forward'),
    attempts: integer('attempts').notNull().default(0),
    /** What happened and what to do. It holds no values of rows. */
    error: text('error'),
    /**
     * What it was registered with (`--input`). Null: without one. It may hold secrets: it goes to the
     * job and to `lrm status <name>`, and nowhere else.
     */
    input: json('input'),
    /** The author's value, as given to saveCheckpoint(). */
    checkpoint: json('checkpoint'),
    /** Counts saved checkpoints. An attempt notices by it that the database lost the last one. */
    checkpointVersion: bigint('checkpoint_version', { mode: 'number' }).notNull().default(0),
    rowsDone: bigint('rows_done', { mode: 'number' }).notNull().default(0),
    /** An estimate; null when unknown. */
    rowsTotal: bigint('rows_total', { mode: 'number' }),
    /** The only attempt that may write. */
    currentAttempt: bigint('current_attempt', { mode: 'bigint' }),
    /**
     * A random value of each claim. A database that lost its last claims (it was restored or failed
     * over) may use an attempt ID twice; the two attempts differ by this.
     */
    epoch: uuid('epoch'),
    /**
     * Under this its walks in other databases are stored. `lrm retry --from-start` gives it a new one,
     * so that what stands there under the old one has no effect. So does a new registration, after
     * `lrm unregister` has removed what stands there.
     */
    generation: uuid('generation').notNull().defaultRandom(),
    /**
     * The generations before this one; a trigger adds them. A generation that stands in another
     * database and neither here nor above is of a time that this database has lost. Null: registered
     * by an older version, so nobody knows.
     */
    formerGenerations: uuid('former_generations').array().default(sql`'{}'::uuid[]`),
    /**
     * When Temporal scheduled the last claim. While its attempt is alive, a claim that was scheduled
     * earlier is refused. Null: the last claim came without Temporal.
     */
    claimScheduledAt: time('claim_scheduled_at'),
    request: operatorRequest('request'),
    requestReason: text('request_reason'),
    requestedBy: text('requested_by'),
    requestedAt: time('requested_at'),
    /** Why it does not start: an unfinished dependency, or a worker without its file. */
    waitsFor: text('waits_for'),
    /** What the running attempt does apart from its walks: a step, a DDL statement. */
    step: text('step'),
    createdAt: time('created_at').notNull().defaultNow(),
    updatedAt: time('updated_at').notNull().defaultNow(),
    /**
     * When rows, its checkpoint, its step or its status changed last. A trigger sets it, so workers of
     * an older version do, too. Null: not since the column is there.
     */
    progressedAt: time('progressed_at'),
    startedAt: time('started_at'),
    completedAt: time('completed_at'),
  },
  (table) => [
    // A bare name stands for all targets of its file, of which there may be many thousands.
    index('migrations_job').on(sql`split_part(${table.name}, ':', 1)`),
    check('migrations_name_check', sql`${table.name} ~ ${sql.raw(`'${NAME}'`)}`),
    // Finding pending migrations must not become slower with the number of completed ones.
    index('migrations_pending')
      .on(table.createdAt, table.name)
      .where(sql`status in ('created', 'in_progress')`),
  ],
);

/**
 * Where the application's own migrations register ours. They may run before our tables exist, so
 * they create this one themselves if it is missing. Only what nobody has taken over yet stands here:
 * `lrm migrate` moves the rows to `migrations` and adds a trigger that sends later ones there.
 */
export const registrations = schema.table('registrations', {
  name: varchar('name', { length: 255 }).primaryKey(),
  registeredAt: timestamp('registered_at', { withTimezone: true }).notNull().defaultNow(),
  /** Not in every database: an older application made the table, and only its owner can add this. */
  input: json('input'),
});

/** A batch in which an attempt ended with an error. */
export interface FailedBatch {
  readonly walk: string;
  readonly table: string;
  /** Number of its rows that match the walk's condition, at the time of the look-up. */
  readonly rows: number;
  /** The rows after this key. Null: from the first one. */
  readonly after: readonly string[] | null;
  /** The rows up to and including this key. */
  readonly upto: readonly string[];
}

/** One row for each attempt. This is the audit log: Temporal's history expires, this does not. */
export const attempts = schema.table(
  'attempts',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    migration: varchar('migration', { length: 255 })
      .notNull()
      .references(() => migrations.name),
    /** Counts over all runs. Temporal's own number starts at 1 in each run. */
    number: integer('number').notNull(),
    /** Identity of the worker: pid@host. */
    worker: text('worker').notNull(),
    /** Temporal's run ID. */
    runId: text('run_id').notNull(),
    /**
     * The random value of its claim. In a database that was restored, another attempt may have this
     * one's ID, and what this one's worker still writes must not reach it. Null: of an older version.
     */
    epoch: uuid('epoch'),
    /** A trigger refuses an attempt in another direction than its migration's. */
    direction: migrationDirection('direction').notNull().default('forward'),
    startedAt: time('started_at').notNull().defaultNow(),
    heartbeatAt: time('heartbeat_at').notNull().defaultNow(),
    endedAt: time('ended_at'),
    outcome: attemptOutcome('outcome'),
    error: text('error'),
    /** True when the error is of unknown kind. Such errors count towards LRM_MAX_FAILURES. */
    errorUnknown: boolean('error_unknown').notNull().default(false),
    /** Rows done by this attempt alone. */
    rowsDone: bigint('rows_done', { mode: 'number' }).notNull().default(0),
    /** True once a batch, a checkpoint or a row was saved. It resets the count of failures. */
    progressed: boolean('progressed').notNull().default(false),
    /** Hash of the job's code that it ran, see jobs/jobHash.ts. Null: an older worker, which had none. */
    jobHash: text('job_hash'),
    /** Further databases in which sessions of this attempt may be open. */
    databases: text('databases').array().notNull().default(sql`'{}'::text[]`),
    /** The batch in which it ended with its error. Keys of a table: they must not leave our tables. */
    failedBatch: jsonb('failed_batch').$type<FailedBatch>(),
  },
  (table) => [
    index('attempts_latest').on(table.migration, table.number),
    // Which attempts run must not be looked up among all that have ever ended: there may be half a
    // million. Heartbeats change no column of it.
    index('attempts_open').on(table.migration).where(sql`ended_at is null`),
    // See rows/jobFile.ts.
    index('attempts_job').on(table.migration, table.jobHash, table.number),
  ],
);

/**
 * One row for each walk (inBatches, forEach): how far it is. Keys are stored as text, with one
 * element for each key column, because a JavaScript number or Date can't hold every value.
 */
export const walks = schema.table(
  'walks',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    /**
     * The migration's name. For a migration of another database that walks over tables of this one,
     * its generation there.
     */
    migration: varchar('migration', { length: 255 }).notNull(),
    /** The name of a migration of this database, for the foreign key. No name looks like a UUID. */
    registered: varchar('registered', { length: 255 })
      .references(() => migrations.name)
      .generatedAlwaysAs(sql.raw(`case when migration !~ '^[0-9a-f]{8}-' then migration end`)),
    /** Unique within the migration. By default the position among the walks in run(). */
    name: text('name').notNull(),
    /** Table, key and condition at the first attempt. A walk that differs must not go on. */
    shape: jsonb('shape').$type<Record<string, string>>().notNull(),
    /** The last key at the first attempt, so that a growing table has an end. Null: no rows. */
    upperBound: text('upper_bound').array(),
    /** Every row up to this key is done. Null: none yet. */
    lowWaterMark: text('low_water_mark').array(),
    /** The position of an author's own iteration (forEach). */
    cursor: json('cursor'),
    /** Rows up to the low-water mark. */
    rowsDone: bigint('rows_done', { mode: 'number' }).notNull().default(0),
    /** The planner's estimate at the first attempt; null when unknown. */
    rowsTotal: bigint('rows_total', { mode: 'number' }),
    createdAt: time('created_at').notNull().defaultNow(),
    completedAt: time('completed_at'),
  },
  (table) => [unique('walks_name').on(table.migration, table.name)],
);

/** One row for each step (job.step): a part of run() that is remembered when it is done. */
export const steps = schema.table(
  'steps',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    migration: varchar('migration', { length: 255 })
      .notNull()
      .references(() => migrations.name),
    /** Unique within the migration. */
    name: text('name').notNull(),
    /**
     * What the step returned, as JSON: later attempts get it. Text, because jsonb would sort the
     * keys and refuse \u0000. Null: it returned undefined.
     */
    result: text('result'),
    /** When an attempt began it first. */
    startedAt: time('started_at').notNull().defaultNow(),
    completedAt: time('completed_at'),
  },
  (table) => [unique('steps_name').on(table.migration, table.name)],
);

/**
 * Finished ranges (after, upto] above their walk's low-water mark. Each batch inserts its own row
 * in its own transaction, so lanes don't wait for each other. Now and then the rows are folded into
 * the mark.
 */
export const finishedRanges = schema.table(
  'finished_ranges',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    // A foreign key would take share locks on the walk's row, and the lanes would write multixacts.
    walk: bigint('walk', { mode: 'bigint' }).notNull(),
    /** Null: from the first key. */
    after: text('after').array(),
    upto: text('upto').array().notNull(),
    rows: bigint('rows', { mode: 'number' }).notNull(),
  },
  (table) => [index('finished_ranges_walk').on(table.walk)],
);

/**
 * Identifies this installation in other databases, where another one may have migrations and
 * attempts of the same names and numbers. Always one row.
 */
export const installations = schema.table(
  'installations',
  {
    only: boolean('only').primaryKey().default(true),
    id: uuid('id').notNull().defaultRandom(),
  },
  (table) => [check('installations_only_check', sql`${table.only}`)],
);

/**
 * The current attempts of migrations that are registered in another database and walk over tables
 * of this one. Nothing runs because of these rows: they only fence the walks here, see rows/visit.ts.
 */
export const visitingAttempts = schema.table(
  'visiting_attempts',
  {
    /** The other database's `installations.id`. */
    installation: uuid('installation').notNull(),
    migration: varchar('migration', { length: 255 }).notNull(),
    /** The other database's `attempts.id`. */
    attempt: bigint('attempt', { mode: 'bigint' }).notNull(),
    epoch: uuid('epoch').notNull(),
    generation: uuid('generation').notNull(),
    claimedAt: time('claimed_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.installation, table.migration] })],
);

/**
 * Rows that a walk has left out because of their data (`onError: 'skip'`). A row is recorded in the
 * transaction that stores its range as done.
 */
export const skippedRows = schema.table(
  'skipped_rows',
  {
    id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    migration: varchar('migration', { length: 255 })
      .notNull()
      .references(() => migrations.name),
    // No foreign key, as in finished_ranges.
    walk: bigint('walk', { mode: 'bigint' }).notNull(),
    /** One text for each key column. */
    key: text('key').array().notNull(),
    /** The SQLSTATE. Null: the author's code threw a BadRow. */
    code: text('code'),
    /** The author's reason, or the schema objects that Postgres names. No values of rows. */
    reason: text('reason'),
    skippedAt: time('skipped_at').notNull().defaultNow(),
    /** True after `lrm retry --skipped`, until the row has been tried again. */
    again: boolean('again').notNull().default(false),
    /** Set by `lrm skipped --accept`: from then on, a deploy gate takes no notice of the row. */
    acceptedAt: time('accepted_at'),
    acceptedBy: text('accepted_by'),
  },
  (table) => [index('skipped_rows_walk').on(table.migration, table.walk)],
);

/**
 * One row for each attempt that walks now: its canary. It updates the row some ten times a second and
 * measures how long that takes, see jobs/context/throttle/canary.ts. What it writes there tells the
 * attempts beside it how much of the database's load is ours.
 */
export const canaries = schema.table('canaries', {
  /** The attempt takes a new row now and then, so the latest rows have the highest numbers. */
  id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
  /** The name of the attempt's sessions. Without a foreign key: it may be an attempt of another database. */
  session: text('session').notNull(),
  /** Transactions that the attempt has ended. */
  commits: bigint('commits', { mode: 'number' }).notNull().default(0),
  /** How long they kept the server active. Milliseconds. */
  activeMs: doublePrecision('active_ms').notNull().default(0),
});

/**
 * All but the checkpoint and the input. The first may be a hundred megabytes, the second may hold
 * secrets, and only the job needs them.
 */
export const {
  checkpoint: _checkpoint,
  input: _input,
  ...migrationColumns
} = getTableColumns(migrations);

export type Migration = Omit<typeof migrations.$inferSelect, 'checkpoint' | 'input'>;
export type Attempt = typeof attempts.$inferSelect;
export type Direction = Migration['direction'];
export type MigrationStatus = Migration['status'];
export type AttemptOutcome = NonNullable<Attempt['outcome']>;
export type OperatorRequest = NonNullable<Migration['request']>;
export type SkippedRow = typeof skippedRows.$inferSelect;
export type WalkRow = typeof walks.$inferSelect;
export type StepRow = typeof steps.$inferSelect;
