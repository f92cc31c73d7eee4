import { type SQL, sql } from 'drizzle-orm';

/**
 * Whether row level security may hide rows of a table from the session's role. A walk would pass over
 * them without an error, and call itself complete. Only policies that show all rows are known to hide
 * none: what others show is up to their expressions.
 * @param tableId an expression for its OID
 */
export const hidesRows = (tableId: SQL): SQL<boolean> => sql<boolean>`case
  when row_security_active(${tableId}) then
    not exists (select from pg_policy where polrelid = ${tableId} and polpermissive and polcmd = '*'
      and ${isForRole} and ${showsAll})
    or exists (select from pg_policy where polrelid = ${tableId} and not polpermissive
      and ${isForRole} and not ${hidesNone})
  else false end`;

/** 0 stands for PUBLIC. */
const isForRole = sql`exists (select from unnest(polroles) as r (id)
  where r.id = 0 or pg_has_role(r.id, 'usage'))`;

const showsAll = sql`coalesce(pg_get_expr(polqual, polrelid) = 'true', false)`;

/** One without USING, only WITH CHECK, shows none by itself, and takes none from what others show. */
const hidesNone = sql`(polqual is null or ${showsAll})`;
