import type { Sql } from '../connect';
import { SCHEMA } from '../ourSchema';
import { grantStatements } from './grants';
import { type Part, type Right, rightsOf } from './rights';

/** Rights that the role of a session lacks. */
export interface Missing {
  readonly role: string;
  readonly rights: readonly Right[];
}

/**
 * Returns what the session's role lacks to be a worker, an operator or a visitor. A table or column
 * that an older database lacks is not counted: `lrm migrate` adds it. Reads only the catalog.
 */
export async function missingRights(sql: Sql, part: Part): Promise<Missing> {
  const wanted = rightsOf(part);
  const rows = await sql<{ role: string; missing: readonly number[] }[]>`
    select current_user as role, array(
      select at::int from jsonb_to_recordset(${numbered(wanted)}::text::jsonb)
        as w (at int, "table" text, privilege text, "column" text)
      join pg_catalog.pg_class c on c.relname = w.table
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = ${SCHEMA}
      where case
        when w.column is null then not has_table_privilege(c.oid, w.privilege)
        else exists (select from pg_catalog.pg_attribute a
          where a.attrelid = c.oid and a.attname = w.column and not a.attisdropped
            and not has_column_privilege(c.oid, a.attnum, w.privilege))
        end
      order by at) as missing`;
  const [row] = rows;
  if (!row) throw new Error('a SELECT returned no row');
  const rights = wanted.filter((_, at) => row.missing.includes(at));
  return { role: row.role, rights };
}

const numbered = (rights: readonly Right[]): string =>
  JSON.stringify(rights.map((right, at) => ({ ...right, at })));

/** 'role app lacks rights of a worker: GRANT INSERT, UPDATE ON … TO "app"'. Undefined: it has all. */
export function describeMissing(part: Part, { role, rights }: Missing): string | undefined {
  if (rights.length === 0) return undefined;
  return `role ${role} lacks rights of ${partText(part)}: ${grantStatements(rights, role).join('; ')}`;
}

/** 'a worker', 'an operator', 'a visitor'. */
export const partText = (part: Part): string => (part === 'operator' ? 'an operator' : `a ${part}`);
