import type { Roles } from '../../drizzle/rights/grants';
import { UsageError } from '../../settings/usageError';

const DEFAULTS: Roles = { owner: 'lrm_owner', worker: 'lrm_worker', operator: 'lrm_operator' };

const PARTS: readonly string[] = ['owner', 'worker', 'operator', 'visitor', 'job'];

/** Postgres cuts longer names without an error, and they would be those of other roles. Bytes. */
const LONGEST = 63;

/**
 * Reads the names of roles as they were typed. Any name may be one, also "Ops team".
 * @throws UsageError for one that Postgres could not have
 */
export function readRoles(options: Roles): Roles {
  const given = Object.entries(options).filter(([part]) => PARTS.includes(part));
  for (const [part, role] of given) {
    const problem = problemOf(role);
    if (problem) throw new UsageError(`--${part}: ${problem}`);
  }
  if (options.job !== undefined && options.owner === undefined) {
    throw new UsageError(
      '--job: add --owner, since the views for jobs have to belong to that role',
    );
  }
  return given.length > 0 ? Object.fromEntries(given) : DEFAULTS;
}

function problemOf(role: string): string | undefined {
  if (role === '') return 'the name of a role is missing';
  if (/\p{Cc}/u.test(role)) return 'the name of a role can not have control characters here';
  if (Buffer.byteLength(role) > LONGEST) return `Postgres cuts names at ${LONGEST} bytes`;
  // It means everybody, with quotes, too.
  if (role.toLowerCase() === 'public') return 'PUBLIC is every role: name one';
  return undefined;
}
