import { firstNames } from '../../settings/firstOf';
import { isName } from '../../settings/migrationName';
import { plainText } from '../../settings/plainText';
import type { Sql } from '../connect';
import { NAME, SCHEMA } from '../ourSchema';

/** What the application has registered, and nobody has taken over. Normally nothing. */
export interface Inbox {
  /** Names that the next `lrm migrate` takes over. */
  readonly waiting: readonly string[];
  /** What can't be the name of a migration, or has too large an input. It stays until somebody deletes it. */
  readonly unusable: readonly string[];
}

/** What the trigger check_input accepts, as text. */
const INPUT_BYTES_AT_MOST = 921_600;

/** The application's migrations create it if they run before `lrm migrate`. */
export const INBOX = 'registrations';

/** Reads `registrations`. Both lists are empty if it is missing or this role can't read it. */
export async function readInbox(sql: Sql): Promise<Inbox> {
  // Only the catalog tells, because to_regclass() fails without USAGE on the schema.
  const [found] = await sql`
    select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${SCHEMA} and c.relname = ${INBOX}
      and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')`;
  if (!found) return { waiting: [], unusable: [] };
  const rows = await sql<{ name: string; usable: boolean }[]>`
    select name, ${usable(sql)} as usable from ${sql(SCHEMA)}.${sql(INBOX)} r order by name`;
  const names = (usable: boolean) =>
    rows.filter((row) => row.usable === usable).map(({ name }) => name);
  return { waiting: names(true), unusable: names(false) };
}

/**
 * Moves what waits in `registrations` to `migrations`. The trigger has sent everything later there
 * itself, so a second call finds nothing, and does not bring back what was unregistered meanwhile.
 * One that is registered at 'infinity' is dormant, see the trigger.
 * @returns the names that are new
 */
export async function takeRegistrations(sql: Sql): Promise<string[]> {
  const taken = await sql<{ name: string }[]>`
    with taken as (
      delete from ${sql(SCHEMA)}.${sql(INBOX)} r where ${usable(sql)}
      returning name, registered_at, ${INPUT(sql)} as input)
    insert into ${sql(SCHEMA)}.migrations
      (name, input, created_at, status, request, request_reason, requested_by, requested_at)
    select name, input, coalesce(nullif(registered_at, 'infinity'), now()),
      (case when dormant then 'paused' else 'created' end)::${sql(SCHEMA)}.migration_status,
      (case when dormant then 'pause' end)::${sql(SCHEMA)}.operator_request,
      case when dormant then 'registered dormant' end,
      case when dormant then 'registration' end, case when dormant then now() end
    from (select *, registered_at = 'infinity' as dormant from taken) as taken
    on conflict do nothing returning name`;
  return taken.map(({ name }) => name).sort();
}

/** The application may have made the table without this column. Null: no input. */
const INPUT = (sql: Sql) => sql`nullif(to_jsonb(r) -> 'input', 'null')`;

/** One that the database would refuse must not keep the others waiting. */
const usable = (sql: Sql) => sql`(name ~ ${NAME}
  and octet_length(coalesce(${INPUT(sql)}::text, '')) <= ${INPUT_BYTES_AT_MOST})`;

/** More names would only make the line longer. */
const NAMED_AT_MOST = 3;

/** One line for each thing that stands in `registrations` and should not. */
export const describeInbox = ({ waiting, unusable }: Inbox): string[] => [
  ...(waiting.length > 0 ? [`${describeWaiting(waiting)}: npx lrm migrate`] : []),
  ...unusable.map((name) => {
    const { problem, next } = describeUnusable(name);
    return `${problem}. To remove it: ${next}`;
  }),
];

/** What was inserted before `lrm migrate`. After it, the trigger refuses such a row. */
export const describeUnusable = (name: string): { problem: string; next: string } => ({
  problem: isName(name)
    ? `the input of ${name} in ${SCHEMA}.${INBOX} is larger than 900 KiB, so it is skipped`
    : `'${plainText(name)}' in ${SCHEMA}.${INBOX} can't be the name of a migration, so it is skipped`,
  next: `DELETE FROM ${SCHEMA}.${INBOX} WHERE name = ${literal(name)}`,
});

/** '0001_a, 0002_b and 3 more are registered, but not taken over yet'. */
export function describeWaiting(waiting: readonly string[]): string {
  const named = firstNames(waiting, NAMED_AT_MOST);
  return `${named} ${waiting.length === 1 ? 'is' : 'are'} registered, but not taken over yet`;
}

const literal = (name: string): string => `'${plainText(name).replaceAll("'", "''")}'`;
