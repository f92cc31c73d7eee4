import { createHash } from 'node:crypto';
import { getTableColumns } from 'drizzle-orm';
import { JOB_SCHEMA, SCHEMA } from '../ourSchema';
import { finishedRanges, skippedRows, steps, walks } from '../schema';
import { identifier } from './identifier';

/**
 * How jobs with a role of their own (LRM_JOB_DATABASE_URL) reach our tables.
 *
 * That role has no right on our tables. It has rights on views of the same names in a schema beside
 * ours. A view reads and writes its table with the rights of its owner, as a SECURITY DEFINER function
 * does, and shows and takes only what belongs to the attempt of the session. So a job can store what
 * it does, and nothing else: not a status, not its own outcome, nothing of other migrations. The job
 * process names this schema in its statements, and these are otherwise the same as without it.
 *
 * A session shows whose it is by the epoch of the attempt's claim, a random value that its role can't
 * read in our tables. It comes as a start-up parameter: sessions of one role see each other's
 * statements, but not that. When the attempt is no longer the current one, the views are empty.
 *
 * security_barrier: a function in a job's statement must not get rows before they are filtered.
 */
export const EPOCH_SETTING = 'lrm.epoch';
export const MIGRATION_SETTING = 'lrm.migration';

const ours = identifier(SCHEMA);
const views = identifier(JOB_SCHEMA);

/** The name of the session's migration; null when its attempt is not the current one. */
const OWN = `(select m.name from ${ours}.migrations m
    where m.name = current_setting('${MIGRATION_SETTING}', true)
      and m.epoch = nullif(current_setting('${EPOCH_SETTING}', true), '')::uuid
      and m.current_attempt is not null and m.status = 'in_progress')`;

/** What a statement may show of the epoch, see publicEpoch(). */
const PUBLIC_EPOCH = `encode(substr(sha256(convert_to(t.epoch::text, 'UTF8')), 1, 16), 'hex')::uuid`;

/**
 * By view: what it selects, which rows, and what a job may do with them. A further column comes last:
 * CREATE OR REPLACE VIEW refuses any other place.
 */
const VIEWS: readonly (readonly [name: string, columns: string, where: string, grants: string])[] =
  [
    [
      'migrations',
      `t.name, t.status, t.current_attempt, ${PUBLIC_EPOCH} as epoch, t.tableoid,
    t.checkpoint, t.checkpoint_version, t.updated_at`,
      `t.name = ${OWN}`,
      'SELECT, UPDATE (checkpoint, checkpoint_version, updated_at)',
    ],
    [
      'attempts',
      `t.id, t.migration, t.number, t.started_at, t.rows_done, ${PUBLIC_EPOCH} as epoch`,
      `t.migration = ${OWN}`,
      'SELECT',
    ],
    [
      'walks',
      't.*',
      `t.migration = ${OWN}`,
      'SELECT, INSERT, UPDATE (shape, low_water_mark, cursor, rows_done, rows_total, completed_at)',
    ],
    [
      'finished_ranges',
      't.*',
      `exists (select from ${ours}.walks w where w.id = t.walk and w.migration = ${OWN})`,
      'SELECT, INSERT, DELETE',
    ],
    ['steps', 't.*', `t.migration = ${OWN}`, 'SELECT, INSERT, UPDATE (result, completed_at)'],
    [
      'skipped_rows',
      't.*',
      `t.migration = ${OWN}`,
      'SELECT, INSERT, UPDATE (again, code, reason, skipped_at), DELETE',
    ],
  ];

/** Statements for the owner of our tables. They can be run again, also while jobs run. */
export function jobViewStatements(role: string): string[] {
  const to = `TO ${identifier(role)}`;
  return [
    ...definitions(),
    `COMMENT ON SCHEMA ${views} IS '${jobViewsVersion()}';`,
    `GRANT USAGE ON SCHEMA ${views}, ${ours} ${to};`,
    ...VIEWS.map(([name, , , grants]) => `GRANT ${grants} ON ${views}.${name} ${to};`),
    `GRANT EXECUTE ON FUNCTION ${views}.refuse(text, text) ${to};`,
    // Measurements, in which no attempt believes: see jobs/context/throttle/canary.ts.
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ${ours}.canaries ${to};`,
  ];
}

/**
 * Stands as a comment on the schema: which views this code needs. It changes with the columns of the
 * tables, too, since a view has those that its table had.
 */
export function jobViewsVersion(): string {
  const columns = [walks, finishedRanges, steps, skippedRows].map((table) =>
    Object.values(getTableColumns(table)).map(({ name }) => name),
  );
  const grants = VIEWS.map(([, , , granted]) => granted);
  const whole = JSON.stringify([definitions(), columns, grants]);
  return `long-running-migrations ${createHash('sha256').update(whole).digest('hex').slice(0, 16)}`;
}

function definitions(): string[] {
  return [
    ...VIEWS.map(
      ([name, columns, where]) =>
        `CREATE OR REPLACE VIEW ${views}.${name} WITH (security_barrier) AS
  select ${columns}
  from ${ours}.${name} t
  where ${where}
  WITH LOCAL CHECK OPTION;`,
    ),
    `CREATE OR REPLACE FUNCTION ${views}.refuse(code text, message text) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = '' AS $$ select ${ours}.refuse(code, message) $$;`,
    `REVOKE ALL ON FUNCTION ${views}.refuse(text, text) FROM PUBLIC;`,
  ];
}

/**
 * The epoch as a job with a role of its own knows it in its statements: other sessions of that role can
 * read those. Nothing can be done with it.
 */
export function publicEpoch(epoch: string): string {
  const hex = createHash('sha256').update(epoch).digest('hex').slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
