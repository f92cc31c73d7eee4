/**
 * What an application's own migration says to register a migration of ours: it works in either order
 * with `lrm migrate`.
 */
export const SAFE_FORM = (name: string): string => statements(name).join('\n');

/** The same as single statements. */
export const statements = (name: string): string[] => [
  'CREATE SCHEMA IF NOT EXISTS long_running_migrations;',
  'CREATE TABLE IF NOT EXISTS long_running_migrations.registrations ' +
    '(name varchar(255) PRIMARY KEY, registered_at timestamptz NOT NULL DEFAULT now());',
  `INSERT INTO long_running_migrations.registrations (name) VALUES ('${name}') ON CONFLICT DO NOTHING;`,
];
