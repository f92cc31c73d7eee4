import type { Fault } from '../../fault';
import { NothingToBreak } from '../../fault';
import { pass } from '../support/pause';
import { tableFault } from './change';
import { ddl, fileOf, one } from './session';

const columns = (table: string): string =>
  `select count(*) as value from pg_attribute where attrelid = '${table.replaceAll("'", "''")}'::regclass and attname = 'added'`;

/** The most common change of all. */
const addColumn: Fault = tableFault({
  kind: 'a column added to the walked table',
  change: async (sql, { table }, { random }) => {
    const volatile = random.chance(0.3);
    const before = await fileOf(sql, table);
    // With a volatile default each row is written anew.
    await ddl(
      sql,
      `alter table ${table} add added double precision default ${volatile ? 'random()' : '1'}`,
    );
    const there = await one(sql, columns(table));
    if (there !== '1') throw new Error('no column was added');
    if (volatile && before === (await fileOf(sql, table))) throw new Error('nothing was rewritten');
    await pass(random, 500, 5_000);
    await ddl(sql, `alter table ${table} drop added`);
    return `${volatile ? 'a column with a volatile default' : 'a column'} was added and dropped`;
  },
});

/** Each row is written anew, and gets another place in the table. */
const alterType: Fault = tableFault({
  kind: "another column's type changed in the walked table",
  change: async (sql, { table, key }, { random }) => {
    const found = await sql<{ name: string }[]>`
      select quote_ident(attname) as name from pg_attribute
      where attrelid = ${table}::regclass and attnum > 0 and not attisdropped
        and atttypid = 'int4'::regtype and attname <> all(${key})
        and attname not in ('n', 'touched') order by attnum`;
    if (found.length === 0) throw new NothingToBreak(`${table} has no column to change`);
    const { name } = random.pick(found);
    const before = await fileOf(sql, table);
    await ddl(sql, `alter table ${table} alter ${name} type bigint`);
    if (before === (await fileOf(sql, table))) throw new Error('nothing was rewritten');
    await pass(random, 500, 5_000);
    await ddl(sql, `alter table ${table} alter ${name} type integer`);
    return `the type of ${name} was changed and put back`;
  },
});

/** Whatever it does, it sees each row once. */
const trigger: Fault = tableFault({
  kind: 'a trigger added to the walked table',
  change: async (sql, { table }, { random }) => {
    const name = `chaos_trigger_${random.integer(1, 1_000_000)}`;
    await sql.unsafe(`create function public.${name}() returns trigger language plpgsql
      as $$ begin return new; end $$`);
    await ddl(
      sql,
      `create trigger aa_added before insert or update on ${table}
      for each row execute function public.${name}()`,
    );
    await pass(random, 500, 5_000);
    await ddl(sql, `drop trigger aa_added on ${table}`);
    await ddl(sql, `drop function public.${name}()`);
    return 'a trigger was added and dropped';
  },
});

export const columnFaults: readonly Fault[] = [addColumn, alterType, trigger];
