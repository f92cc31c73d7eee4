import { sql } from 'drizzle-orm';
import type { Database } from '../../drizzle/database';
import { SCHEMA } from '../../drizzle/schema';

/** The last values of the sequences that this role can read, by name. */
export async function readSequences(db: Database): Promise<ReadonlyMap<string, string>> {
  const rows = await db.execute<{ name: string; value: string }>(sql`
    select format('%I.%I', schemaname, sequencename) as name, coalesce(last_value::text, '-') as value
    from pg_sequences where schemaname <> ${SCHEMA}`);
  return new Map(rows.map(({ name, value }) => [name, value]));
}

/** nextval() is never rolled back. */
export const movedSequences = (
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] =>
  [...after].filter(([name, value]) => before.get(name) !== value).map(([name]) => name);
