import { type SQL, sql } from 'drizzle-orm';
import fc from 'fast-check';
import type { Sql } from '../../../drizzle/connect';
import { keyTypes } from './keyTypes';

/** A table with an arbitrary key, its rows, and settings of the database that it is walked with. */
export interface KeyedTable {
  readonly name: string;
  readonly key: readonly KeyColumn[];
  /** For each row, one text for each column of the key. */
  readonly rows: readonly (readonly string[])[];
  /** How the key is kept unique. */
  readonly index: 'primary key' | 'unique index' | 'descending unique index';
  /** Of the database, like "DateStyle = 'SQL, DMY'". */
  readonly settings: readonly string[];
}

interface KeyColumn {
  readonly name: string;
  readonly type: string;
}

const types = Object.keys(keyTypes);
const valuesOf = (type: string) => keyTypes[type] ?? fc.constant('');

const ODD_NAMES = [
  ...['k', 'Key', 'the key', 'a"b', "it's", '$1', '%I', 'schlüssel', 'select', '日本', 'a.b', '?'],
  ...['--', '/*', 'k'.repeat(63), 'oid', '{}', '\\', ':x', '\u{1F600}', 'K\n2', ' '],
];

const names = (count: number) =>
  fc.uniqueArray(fc.constantFrom(...ODD_NAMES), { minLength: count, maxLength: count });

const SETTINGS = [
  "TimeZone = 'Asia/Tokyo'",
  "TimeZone = 'America/New_York'",
  "TimeZone = 'Europe/Amsterdam'",
  "DateStyle = 'SQL, DMY'",
  "DateStyle = 'German'",
  "IntervalStyle = 'sql_standard'",
  "IntervalStyle = 'iso_8601'",
  'extra_float_digits = -15',
  "bytea_output = 'escape'",
  "search_path = ''",
  "default_transaction_isolation = 'repeatable read'",
  'enable_indexscan = off',
  "quote_all_identifiers = 'on'",
  'enable_indexonlyscan = off',
  "xmloption = 'document'",
  "plan_cache_mode = 'force_generic_plan'",
];

/** Few values for each column, so that many keys have equal beginnings. */
const rowsOf = (key: readonly string[]): fc.Arbitrary<string[][]> => {
  const [only] = key;
  if (key.length === 1 && only) {
    return fc.array(
      valuesOf(only).map((value) => [value]),
      { maxLength: 50 },
    );
  }
  const columns = key.map((type) => fc.array(valuesOf(type), { minLength: 1, maxLength: 4 }));
  return fc
    .tuple(...columns)
    .map((all) =>
      all.reduce<string[][]>(
        (rows, values) => rows.flatMap((row) => values.map((value) => [...row, value])),
        [[]],
      ),
    );
};

export const keyedTables: fc.Arbitrary<KeyedTable> = fc
  .array(fc.constantFrom(...types), { minLength: 1, maxLength: 3 })
  .chain((key) =>
    fc.tuple(names(key.length), rowsOf(key)).chain(([columns, rows]) =>
      fc.record({
        name: fc.constantFrom(...ODD_NAMES),
        key: fc.constant(key.map((type, i) => ({ name: columns[i] ?? '', type }))),
        rows: fc.constant(rows),
        index: fc.constantFrom('primary key', 'unique index', 'descending unique index'),
        settings: fc.uniqueArray(fc.constantFrom(...SETTINGS), { maxLength: 3 }),
      }),
    ),
  );

const SCHEMA = '"Odd, ""Schema"""';

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The table's name, as an author gives it. */
export const reference = ({ name }: KeyedTable): SQL =>
  sql`${sql.identifier('Odd, "Schema"')}.${sql.identifier(name)}`;

/** Makes the table. Rows that its types or its key refuse are left out. */
export async function store(client: Sql, table: KeyedTable): Promise<void> {
  const own = `${SCHEMA}.${quoted(table.name)}`;
  const columns = table.key.map(({ name, type }) => `${quoted(name)} ${type} not null`);
  const key = table.key.map(({ name }) => quoted(name)).join(', ');
  const casts = table.key.map(({ type }, i) => `(row->>${i})::${type.replace(/ collate .*/, '')}`);
  await client.unsafe(`
    create table ${own} (${columns.join(', ')},
      "row" bigint generated always as identity${table.index === 'primary key' ? `, primary key (${key})` : ''});
    create table ledger ("row" bigint not null)`);
  if (table.index !== 'primary key') {
    const direction = table.index === 'unique index' ? '' : ' desc';
    await client.unsafe(
      `create unique index on ${own} (${table.key.map(({ name }) => quoted(name) + direction).join()})`,
    );
  }
  await client.unsafe(`do $do$ declare given text; begin
    for given in select json_array_elements_text(${literal(table.rows)}::json) loop
      begin
        insert into ${own} (${key}) select ${casts.join()} from (select given::json as row) _
          on conflict do nothing;
      exception when data_exception or integrity_constraint_violation or program_limit_exceeded
        or syntax_error_or_access_rule_violation or feature_not_supported then null;
      end;
    end loop;
  end $do$`);
}

const literal = (rows: KeyedTable['rows']): string =>
  `'${JSON.stringify(rows.map((row) => JSON.stringify(row))).replaceAll("'", "''")}'`;

export const drop = (client: Sql, { name }: KeyedTable) =>
  client.unsafe(`
    drop table if exists ${SCHEMA}.${quoted(name)}, ledger;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges,
      long_running_migrations.attempts, long_running_migrations.migrations cascade`);
