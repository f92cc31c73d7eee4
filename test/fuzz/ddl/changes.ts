/** What a DBA or a schema migration does to the table of a walk: statements, each sent by itself. */
export interface Change {
  readonly statements: readonly string[];
  /** Which rows may be left undone, for a reason that is written in docs/reliability.md. */
  readonly mayHide?: (row: number) => boolean;
}

const change = (...statements: string[]): Change => ({ statements });
const hidingFifths = (...statements: string[]): Change => ({
  statements,
  mayHide: (row) => row % 5 === 0,
});

/** Another table with the same rows, none of them done, or with none. */
const OTHER = 'create table other (like items including all)';
const COPY = 'insert into other select * from items; update other set touched = 0';
const SWAP = 'begin; alter table items rename to former; alter table other rename to items; commit';
const SWAP_BACK =
  'begin; alter table items rename to other; alter table former rename to items; commit';

const database = (setting: string) => `do $$ begin
  execute format('alter database %I ${setting.replaceAll("'", "''")}', current_database()); end $$`;

/** By name. `$ROLE` is the role of the jobs. Those that the table does not allow do nothing. */
export const changes = {
  'add a column': change('alter table items add extra text default random()::text'),
  'drop a column': change('alter table items drop late'),
  'drop the written column': change('alter table items drop touched'),
  'rename the written column': change('alter table items rename touched to x'),
  'rename it back': change('alter table items rename x to touched'),
  'rename the key': change('alter table items rename k to x'),
  'rename the key back': change('alter table items rename x to k'),
  'swap the key with another column': change(
    'begin; alter table items rename k to x; alter table items rename other to k; alter table items rename x to other; commit',
  ),
  'int to bigint': change('alter table items alter k type bigint'),
  'bigint to int': change('alter table items alter k type integer'),
  'text to varchar': change('alter table items alter k type varchar(40)'),
  'a type change of the written column': change('alter table items alter touched type bigint'),
  'collation of the key': change('alter table items alter k type text collate "sv-x-icu"'),
  'collation back to C': change('alter table items alter k type text collate "C"'),
  'rename the table': change('alter table items rename to former'),
  'rename the table back': change('alter table former rename to items'),
  'swap with an undone copy': change(OTHER, COPY, SWAP),
  'swap with an empty table': change(OTHER, SWAP),
  'swap back': change(SWAP_BACK),
  'swap for a moment': change(OTHER, SWAP, SWAP_BACK),
  'drop and create': change(OTHER, COPY, 'drop table items', 'alter table other rename to items'),
  'set schema': change('alter table items set schema elsewhere'),
  'set schema back': change('alter table elsewhere.items set schema public'),
  'an earlier table on the search_path': change(
    'create table elsewhere.items (like public.items including all)',
    database('set search_path = elsewhere, public'),
  ),
  'no search_path': change(database('reset search_path')),
  'drop the primary key': change('alter table items drop constraint items_pkey'),
  'primary key over another column': change(
    'alter table items drop constraint items_pkey, add primary key (other)',
  ),
  'primary key anew': change('alter table items add primary key (k)'),
  'another unique index': change('create unique index concurrently items_again on items (k)'),
  'drop indexes of groups': change('drop index items_part'),
  'reindex concurrently': change('reindex table concurrently items'),
  cluster: change('cluster items using items_pkey'),
  'vacuum full': change('vacuum full items'),
  analyze: change('analyze items'),
  'detach the lower partition': change('alter table items detach partition low'),
  'attach the lower partition': {
    statements: ['alter table items attach partition low for values from (minvalue) to (31)'],
    mayHide: (row: number) => row < 31,
  },
  'detach the upper partition for a moment': change(
    'begin; alter table items detach partition high; alter table items attach partition high for values from (31) to (maxvalue); commit',
  ),
  'a partition of another table': change(
    'create table above (like items) partition by range (k)',
    'alter table above attach partition items default',
  ),
  'a child by inheritance': change(
    'create table child (like items including all)',
    `insert into child select (jsonb_populate_record(i, '{"late": true}')).* from items i`,
    'alter table child inherit items',
  ),
  'no child any more': change('alter table child no inherit items'),
  default: change('alter table items alter touched set default 5'),
  'a check that new values break': change(
    'alter table items add constraint low_ones check (touched < 1) not valid',
  ),
  'no check': change('alter table items drop constraint low_ones'),
  'row security': change('alter table items enable row level security'),
  'a policy that hides rows': change('create policy half on items using (row % 2 = 0)'),
  'a policy that shows all': change('create policy all_of_them on items using (true)'),
  'no row security': change('alter table items disable row level security'),
  'force row security': change('alter table items force row level security'),
  'role bypasses row security': change('alter role $ROLE bypassrls'),
  'role does not': change('alter role $ROLE nobypassrls'),
  'row_security off': change('alter role $ROLE set row_security = off'),
  'a trigger that returns NULL': hidingFifths(
    `create or replace function not_every() returns trigger language plpgsql as
      $$ begin return case when new.row % 5 = 0 then null else new end; end $$`,
    'create trigger not_every before update on items for each row execute function not_every()',
  ),
  'no trigger': change('drop trigger not_every on items'),
  'a rule that does nothing': hidingFifths(
    'create rule not_every as on update to items where old.row % 5 = 0 do instead nothing',
  ),
  'no rule': change('drop rule not_every on items'),
  truncate: change('truncate items'),
  'delete rows': change('delete from items where row % 7 = 0'),
  'insert late rows': change(
    'insert into items (k, row, other, part, late) select -n, 500 + n, n, n, true from generate_series(1, 5) n',
  ),
  'enum value before': change(`alter type mood add value '0' before 'a'`),
  'enum values change places': change(
    `alter type mood rename value 'a' to 'x'`,
    `alter type mood rename value 'c' to 'a'`,
    `alter type mood rename value 'x' to 'c'`,
  ),
  'a domain is wider': change('alter domain positive drop constraint positive_check'),
  'a domain is narrower': change('alter domain positive add check (value > 30) not valid'),
  'no triggers in sessions': change('alter role $ROLE set session_replication_role = replica'),
  serializable: change(`alter role $ROLE set default_transaction_isolation = 'serializable'`),
  'read-only': change('alter role $ROLE set default_transaction_read_only = on'),
  statement_timeout: change('alter role $ROLE set statement_timeout = 5'),
  lock_timeout: change('alter role $ROLE set lock_timeout = 1'),
  'settings reset': change('alter role $ROLE reset all', database('reset all')),
  'no right any more': change('revoke all on items from $ROLE'),
  'rights again': change('grant all on all tables in schema public to $ROLE'),
  'no login': change('alter role $ROLE nologin'),
  login: change('alter role $ROLE login'),
  owner: change('alter table items owner to $ROLE'),
  'a generated column': change(
    'alter table items add g integer generated always as (touched + 1) stored',
  ),
  unlogged: change('alter table items set unlogged'),
} as const satisfies Record<string, Change>;

export type ChangeName = keyof typeof changes;
