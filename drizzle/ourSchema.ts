/**
 * The Postgres schema of our tables. Every statement names it, so search_path does not matter. The
 * application's own migration tools ignore a schema that is not theirs.
 *
 * Not in schema.ts, which loads Drizzle: a deploy gate in an application's start must not.
 */
export const SCHEMA = 'long_running_migrations';
