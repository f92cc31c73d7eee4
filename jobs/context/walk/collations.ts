import { sql } from 'drizzle-orm';
import type { Database } from '../attempt';
import type { CatalogColumn } from '../catalogColumns';

/** The collation of a key's column: what decides the order of its values. */
export interface KeyCollation {
  /** Provider, locale and rules. Another collation can get the name of one that was dropped. */
  readonly definition: string;
  /**
   * The version that the operating system's or ICU's library gives it now. With another one, the same
   * values may have another order. Null: the provider gives none.
   */
  readonly version: string | null;
}

/** Looks up the collations of a key's columns, in the columns' order. Columns without one are left out. */
export async function findCollations(
  db: Pick<Database, 'execute'>,
  columns: readonly CatalogColumn[],
): Promise<readonly KeyCollation[]> {
  const ids = columns.map(({ collationId }) => Number(collationId)).filter((id) => id !== 0);
  if (ids.length === 0) return [];
  // As JSON, since Postgres 15 and 17 have given some of the columns other names.
  return db.execute<KeyCollation & Record<string, unknown>>(sql`
    select concat_ws(' ', provider, locale, rules,
        case when not (c->>'collisdeterministic')::boolean then 'nondeterministic' end) as definition,
      coalesce(pg_collation_actual_version(id), (select pg_collation_actual_version(same.oid)
        from pg_collation same where provider = 'c' and collprovider = 'c' and collcollate = locale
        limit 1)) as version
    from unnest(array[${sql.raw(ids.join(', '))}]::oid[]) with ordinality as given (id, number),
      lateral (select to_jsonb(pg_collation) from pg_collation where oid = id) as own (c),
      lateral (select to_jsonb(pg_database) from pg_database where datname = current_database()) as default_one (d),
      lateral (select c->>'collprovider' = 'd') as is_default (of_database),
      lateral (select case when of_database then coalesce(d->>'datlocprovider', 'c') else c->>'collprovider' end,
        case when of_database then coalesce(d->>'datlocale', d->>'daticulocale', d->>'datcollate')
          else coalesce(c->>'colllocale', c->>'colliculocale', c->>'collcollate') end,
        case when of_database then d->>'daticurules' else c->>'collicurules' end)
        as parts (provider, locale, rules)
    order by number`);
}

/**
 * Whether keys that were stored under some collations have the same order under others. Both are lists
 * of {@link KeyCollation} as JSON.
 */
export function sortAlike(stored: string, now: string): boolean {
  const [before, after] = [stored, now].map((each) => JSON.parse(each) as KeyCollation[]);
  return (
    before?.length === after?.length &&
    !before?.some((one, at) => {
      const other = after?.[at];
      if (one.definition !== other?.definition) return true;
      return one.version !== null && other.version !== null && one.version !== other.version;
    })
  );
}

/** Whether a list of {@link KeyCollation} as JSON has one without a version. */
export const saysLess = (collations: string): boolean =>
  (JSON.parse(collations) as KeyCollation[]).some(({ version }) => version === null);
