import { UsageError } from './usageError';

/** The schema that the files in drizzle/sql name. */
export const DEFAULT_SCHEMA = 'long_running_migrations';

/** The names of sessions hold it, and Postgres cuts those at 63 bytes. */
const LONGEST = 39;

/**
 * Reads `LRM_SCHEMA`: the Postgres schema of our tables.
 * @returns the default when it is not set
 * @throws UsageError when it is no plain lower-case name, too long, or a schema of somebody else
 */
export function schemaName(env: NodeJS.ProcessEnv = process.env): string {
  const name = env['LRM_SCHEMA'] || DEFAULT_SCHEMA;
  const problem = schemaProblem(name);
  if (problem) throw new UsageError(`wrong settings: LRM_SCHEMA: ${problem}`);
  return name;
}

/** Says why a schema can't be ours; undefined if it can. */
export function schemaProblem(name: string): string | undefined {
  const why = reason(name);
  return why && `'${name}' ${why}; write one as in ${DEFAULT_SCHEMA}`;
}

function reason(name: string): string | undefined {
  if (!/^[a-z_][a-z0-9_]*$/.test(name)) return 'is not a name of a-z, 0-9 and _';
  if (name.length > LONGEST) return `is longer than ${LONGEST} characters`;
  if (name.startsWith('pg_')) return 'begins with pg_, as only schemas of Postgres itself may';
  // Migration tools of the application would want to drop our tables.
  if (name === 'public') return "is the application's own schema";
  return undefined;
}
