import type { Fault } from '../../fault';
import { tableFault } from './change';
import { ddl, fileOf, one } from './session';

/** All rows get other places, while nobody can read them. */
const vacuumFull: Fault = tableFault({
  kind: 'VACUUM FULL of the walked table',
  change: async (sql, { table }) => {
    const before = await fileOf(sql, table);
    await ddl(sql, `vacuum full ${table}`);
    if (before === (await fileOf(sql, table))) throw new Error('nothing was rewritten');
    return 'VACUUM FULL';
  },
});

/** The same, in the order of another index. */
const cluster: Fault = tableFault({
  kind: 'CLUSTER of the walked table',
  change: async (sql, { table }, { random }) => {
    const found = await sql<{ name: string }[]>`
      select quote_ident(relname) as name from pg_index join pg_class on oid = indexrelid
      where indrelid = ${table}::regclass and indisvalid and indpred is null order by relname`;
    const { name } = random.pick(found);
    const before = await fileOf(sql, table);
    await ddl(sql, `cluster ${table} using ${name}`);
    if (before === (await fileOf(sql, table))) throw new Error('nothing was rewritten');
    await ddl(sql, `alter table ${table} set without cluster`);
    return `CLUSTER by ${name}`;
  },
});

/** Plans and estimates change. */
const analyze: Fault = tableFault({
  kind: 'VACUUM and ANALYZE of the walked table',
  change: async (sql, { table }) => {
    const reltuples = `select reltuples as value from pg_class where oid = '${table.replaceAll("'", "''")}'::regclass`;
    await ddl(sql, `vacuum (analyze, freeze) ${table}`);
    if ((await one(sql, reltuples)) === '-1') throw new Error('it was not analyzed');
    return 'VACUUM and ANALYZE';
  },
});

export const maintenance: readonly Fault[] = [vacuumFull, cluster, analyze];
