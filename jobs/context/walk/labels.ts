import { type SQL, sql } from 'drizzle-orm';
import { AttemptOutdated } from '../../../drizzle/rows/superseded';
import { sqlState } from '../../../drizzle/sqlState';
import type { Database } from '../attempt';
import type { DescribedKey, Key } from './key';

// The keys of a walk are kept as text, and an enum's text is its label. ALTER TYPE … RENAME VALUE can
// make a label the name of another value: two labels change places, or a new value gets the label
// that an old one had. A kept key would then mean other rows, without an error.

/** The labels of all enums that the types of a key hold. */
export interface Labels {
  /** The OIDs of the enums. */
  readonly types: readonly string[];
  /** `oid=label` of each value, in the order of the values. A value keeps its OID when it is renamed. */
  readonly values: readonly string[];
  /** See {@link versionOfLabels}. */
  readonly version: string;
}

/**
 * Looks up the enums that the columns' types hold: as the type itself, below a domain, and in arrays,
 * ranges and composite types.
 * @param numbers the columns' positions in the catalog
 * @returns undefined when there are none
 */
export async function findLabels(
  db: Pick<Database, 'execute'>,
  tableId: string,
  numbers: readonly number[],
): Promise<Labels | undefined> {
  // One statement, so that the labels are those of the version.
  const [found] = await db.execute<{ types: string[]; values: string[]; version: string }>(sql`
    with recursive held (oid) as (
      select atttypid from pg_attribute
      where attrelid = ${tableId}::oid and attnum in (${sql.raw(numbers.join(', '))})
      -- A composite type can hold an array of itself: UNION passes over what was found already.
      union select part.oid from held, lateral (
        select unnest(array[typbasetype, typelem]) from pg_type where pg_type.oid = held.oid
        union all select rngsubtype from pg_range where held.oid in (rngtypid, rngmultitypid)
        union all select a.atttypid from pg_type t join pg_attribute a on a.attrelid = t.typrelid
          where t.oid = held.oid and a.attnum > 0 and not a.attisdropped) part (oid)),
    enums as (select oid from held join pg_type using (oid) where typtype = 'e')
    select (select json_agg(oid::text order by oid) from enums) as types,
      (select coalesce(json_agg(oid || '=' || enumlabel order by enumtypid::regtype::text, enumsortorder), '[]')
        from pg_enum where enumtypid in (select oid from enums)) as values,
      ${versionOfLabels(sql`select oid from enums`)} as version
    where exists (select from enums)`);
  return found;
}

/**
 * A text that changes with each change of a label and each new value, and never comes back: a change
 * writes a new version of the value's row.
 */
const versionOfLabels = (types: SQL): SQL<string> => sql<string>`(
  select coalesce(string_agg(oid || ':' || xmin::text, ' ' order by oid), '')
  from pg_enum where enumtypid in (${types}))`;

/** The version of the key's labels in the database. Undefined for a key without enums. */
export const currentVersion = ({ labels }: Pick<DescribedKey, 'labels'>): SQL<string> | undefined =>
  labels && versionOfLabels(sql.raw(labels.types.map((oid) => `${Number(oid)}`).join(', ')));

/** Whether each label still names the value that it named when the key was looked up. */
export function hasSameLabels(key: Pick<DescribedKey, 'labels'>): SQL<boolean> {
  const version = currentVersion(key);
  return version ? sql<boolean>`(${version} = ${key.labels?.version}::text)` : sql<boolean>`true`;
}

/**
 * Asks that of the database. Keys that were read before are then what they seem.
 * @throws AttemptOutdated when the labels have changed
 */
export async function requireSameLabels(db: Pick<Database, 'execute'>, key: Key): Promise<void> {
  if (!key.labels) return;
  const [row] = await db.execute<{ same: boolean }>(sql`select ${hasSameLabels(key)} as same`);
  if (!row?.same) throw labelsChanged(key);
}

/**
 * What an error of a statement with keys means. A label that is gone looks like wrong data. Other
 * errors are returned as they are.
 */
export async function explainLabels(
  db: Pick<Database, 'execute'>,
  key: Key,
  error: unknown,
): Promise<unknown> {
  if (!key.labels || sqlState(error) !== NO_SUCH_LABEL) return error;
  try {
    await requireSameLabels(db, key);
    return error;
  } catch (why) {
    return why instanceof AttemptOutdated ? why : error;
  }
}

/** invalid_text_representation: also what a text gives that is no label of an enum. */
const NO_SUCH_LABEL = '22P02';

/**
 * Any change ends the attempt, since it has keys in memory. The next one goes on if the stored keys
 * still mean the same; see {@link stillMean}.
 */
export const labelsChanged = ({ tableName }: Pick<DescribedKey, 'tableName'>): AttemptOutdated =>
  new AttemptOutdated(`an enum in the key of ${tableName} has got another label or a new value`);

/**
 * Whether keys that were stored with some labels mean the same with others. Both are
 * {@link Labels.values} as they are stored.
 */
export function stillMean(stored: string, now: string): boolean {
  const [before, after] = [stored, now].map((each) => JSON.parse(each) as string[]) as [
    string[],
    string[],
  ];
  const known = new Set(after);
  if (before.every((value) => known.has(value))) return true;
  // Values have other OIDs in a database that came from a dump. There, their labels and order count.
  const ids = new Set(after.map(idOf));
  if (before.some((value) => ids.has(idOf(value)))) return false;
  const labels = after.map(labelOf);
  let behind = 0;
  return before.every((value) => {
    behind = labels.indexOf(labelOf(value), behind) + 1;
    return behind > 0;
  });
}

const idOf = (value: string): string => value.slice(0, value.indexOf('='));
const labelOf = (value: string): string => value.slice(value.indexOf('=') + 1);
