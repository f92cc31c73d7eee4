import { schemaName } from '../settings/schemaName';

// Not in schema.ts, which loads Drizzle: a deploy gate in an application's start must not.

/**
 * The Postgres schema of our tables (`LRM_SCHEMA`, read when this file loads). Every statement names
 * it, so search_path does not matter. The application's own migration tools ignore a schema that is
 * not theirs.
 */
export const SCHEMA = schemaName();

/** What a migration's name looks like: '0001_backfill_email'. A regular expression of Postgres. */
export const NAME = '^[0-9]{4}_[a-z0-9_]+$';
