import { SCHEMA } from '../../drizzle/schema';

/**
 * The statements that register a migration. They work in a migration of the application before and
 * after `lrm migrate`, and on a database that has nothing of ours yet.
 */
export const registrationStatements = (name: string): string[] => [
  `CREATE SCHEMA IF NOT EXISTS ${SCHEMA};`,
  `CREATE TABLE IF NOT EXISTS ${SCHEMA}.registrations (name varchar(255) PRIMARY KEY, registered_at timestamptz NOT NULL DEFAULT now());`,
  `INSERT INTO ${SCHEMA}.registrations (name) VALUES ('${name}') ON CONFLICT DO NOTHING;`,
];

/** A migration that registers `name`. `between` separates statements, where a tool needs that. */
export const registrationSql = (name: string, between = ''): string =>
  `-- Registers the job ${name}: the next run executes it.\n${registrationStatements(name).join(
    `${between}\n`,
  )}\n`;
