import { schemaName } from '../settings/schemaName';

export { NAME } from '../settings/migrationName';

// Not in schema.ts, which loads Drizzle: a deploy gate in an application's start must not.

/**
 * The Postgres schema of our tables (`LRM_SCHEMA`, read when this file loads). Every statement names
 * it, so search_path does not matter. The application's own migration tools ignore a schema that is
 * not theirs.
 */
export const SCHEMA = schemaName();

/** The schema of the views by which jobs with a role of their own reach our tables, see rights/jobViews.ts. */
export const JOB_SCHEMA = `${SCHEMA}_jobs`;
