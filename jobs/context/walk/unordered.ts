import { sql } from 'drizzle-orm';
import type { Database } from '../attempt';
import type { CatalogColumn } from '../catalogColumns';

/**
 * The first of the columns whose type has no order, with that type. Advice to create an index would be
 * of no use there.
 */
export async function findUnordered(
  db: Pick<Database, 'execute'>,
  columns: readonly CatalogColumn[],
): Promise<CatalogColumn | undefined> {
  for (const column of columns) {
    const [found] = await db.execute<{ ordered: boolean }>(sql`
      select exists (
        select from pg_opclass o join pg_am m on m.oid = o.opcmethod
        where m.amname = 'btree' and o.opcdefault and (
          o.opcintype = t.oid
          or o.opcintype = case t.typtype when 'e' then 'anyenum'::regtype when 'c' then 'record'::regtype
            when 'r' then 'anyrange'::regtype when 'm' then 'anymultirange'::regtype
            else case when t.typcategory = 'A' then 'anyarray'::regtype end end
          -- Types that are the same on disk, such as varchar and text.
          or exists (select from pg_cast where castsource = t.oid and casttarget = o.opcintype
            and castmethod = 'b' and castcontext = 'i'))) as ordered
      from pg_type t where t.oid = ${column.baseType}::regtype`);
    if (found && !found.ordered) return column;
  }
  return undefined;
}
