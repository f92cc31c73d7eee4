import { JOB_SCHEMA, SCHEMA } from '../../drizzle/ourSchema';
import { grantsOf, type Roles } from '../../drizzle/rights/grants';
import { identifier } from '../../drizzle/rights/identifier';
import { jobViewStatements } from '../../drizzle/rights/jobViews';

/** The lines of SQL for these roles, with what to know about each. */
export function grantsScript(roles: Roles): string[] {
  const { owner, worker, operator, visitor, job } = roles;
  const names = [owner, worker, operator, visitor, job].filter((role) => role !== undefined);
  const lines = [
    '-- 1. As a role that may create roles. Create those that are missing, each with a password (\\password):',
    ...[...new Set(names)].map((role) => `--    CREATE ROLE ${identifier(role)} LOGIN;`),
  ];
  // A worker may end its own role's sessions: those of its jobs, unless they have another one.
  const ending = [operator, job === undefined ? undefined : worker].filter(
    (role) => role !== undefined,
  );
  if (ending.length > 0) {
    lines.push(
      '--    They end sessions of attempts that are over. Needs a superuser, or a role that has it WITH ADMIN OPTION:',
      `GRANT pg_signal_backend TO ${ending.map(identifier).join(', ')};`,
    );
  }
  if (owner !== undefined) {
    lines.push(
      '',
      "-- 2. As the database's owner. Then, as the owner of our tables: npx lrm migrate",
      `CREATE SCHEMA IF NOT EXISTS ${identifier(SCHEMA)} AUTHORIZATION ${identifier(owner)};`,
    );
    if (job !== undefined) {
      lines.push(
        `CREATE SCHEMA IF NOT EXISTS ${identifier(JOB_SCHEMA)} AUTHORIZATION ${identifier(owner)};`,
      );
    }
  }
  const parts = [
    ['worker', worker, 'a worker, and the jobs in it: also grant what they need of your tables'],
    ['operator', operator, 'who types lrm'],
    ['visitor', visitor, 'only in a further database: the role of LRM_DATABASE_<NAME>_URL'],
  ] as const;
  lines.push('', '-- 3. As the owner of our tables, after npx lrm migrate.');
  for (const [part, role, who] of parts) {
    if (role === undefined) continue;
    lines.push('', `-- ${part}: ${who}`, ...grantsOf(part, role, owner));
  }
  if (job !== undefined) {
    const about =
      '-- job: the role of LRM_JOB_DATABASE_URL: also grant what jobs need of your tables';
    lines.push('', about, ...jobViewStatements(job));
  }
  return lines;
}
