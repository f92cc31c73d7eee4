import { type SQL, sql } from 'drizzle-orm';

/** A key of the walked table, `items`. `n` is the number of a row. */
export interface KeyShape {
  /** Columns of the key with their types. The first is `k`. */
  readonly columns: Readonly<Record<string, string>>;
  /** The values for row `n`, in SQL, as a list. */
  readonly values: string;
  /** The table is partitioned by `k` below and above this value. */
  readonly splitAt?: string;
}

export const shapes = {
  integer: { columns: { k: 'integer' }, values: 'n' },
  bigint: { columns: { k: 'bigint' }, values: 'n' },
  'text in C': { columns: { k: 'text collate "C"' }, values: `chr(65 + n % 50) || n` },
  'text in ICU': { columns: { k: 'text collate "en-x-icu"' }, values: `chr(65 + n % 50) || n` },
  enum: { columns: { k: 'mood', m: 'integer' }, values: `(enum_range(null::mood))[1 + n % 3], n` },
  domain: { columns: { k: 'positive' }, values: 'n' },
  composite: { columns: { k: 'integer', m: 'numeric' }, values: 'n / 7, n' },
  partitioned: { columns: { k: 'integer' }, values: 'n', splitAt: '31' },
} satisfies Record<string, KeyShape>;

export type ShapeName = keyof typeof shapes;

export const ROWS = 60;

/** `other` is as good a key as an integer `k`, in the opposite order. */
export function create({ columns, values, splitAt }: KeyShape): string {
  const names = Object.keys(columns).join(', ');
  const typed = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
  return `
    create type mood as enum ('a', 'b', 'c');
    create domain positive as integer check (value > 0);
    create table ledger (row integer not null);
    create table items (${typed.join(', ')}, row integer not null, other integer not null, part integer not null,
      touched integer not null default 0, late boolean not null default false, primary key (${names}))
      ${splitAt ? 'partition by range (k)' : ''};
    ${splitAt ? `create table low partition of items for values from (minvalue) to (${splitAt});` : ''}
    ${splitAt ? `create table high partition of items for values from (${splitAt}) to (maxvalue);` : ''}
    create index items_part on items (part);
    ${splitAt ? '' : 'create unique index items_other on items (other);'}
    insert into items (${names}, row, other, part) select ${values}, n, 1000 - n, n / 4
      from generate_series(1, ${ROWS}) n;
    create schema elsewhere;`;
}

/** Puts away all that a world has made, whatever the changes have left of it. */
export const DROP = `
  drop schema elsewhere cascade; drop schema public cascade; create schema public;
  truncate long_running_migrations.walks, long_running_migrations.finished_ranges,
    long_running_migrations.skipped_rows, long_running_migrations.attempts,
    long_running_migrations.migrations cascade`;

export const keyOf = ({ columns }: KeyShape): SQL[] =>
  Object.keys(columns).map((name) => sql.raw(name));
