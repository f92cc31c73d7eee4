import type { Sql } from '../../../../drizzle/connect';
import type { Fault } from '../../fault';
import { pass } from '../support/pause';
import { tableFault } from './change';
import { ddl, one } from './session';

/** Another index, which the walk could use as well as its own. */
const addIndex: Fault = tableFault({
  kind: 'an index added to the walked table',
  change: async (sql, { table, key, grouped }, { random }) => {
    const name = `added_${random.integer(1, 1_000_000)}`;
    const [schema = ''] = table.split('.');
    const unique = !grouped && random.chance(0.5);
    const concurrently = random.chance(0.5) ? 'concurrently' : '';
    const columns = key.map((each) => `"${each.replaceAll('"', '""')}"`).join(', ');
    await ddl(
      sql,
      `create ${unique ? 'unique' : ''} index ${concurrently} ${name} on ${table} (${columns})`,
      `drop index if exists ${schema}.${name}`,
    );
    await pass(random, 500, 5_000);
    await ddl(sql, `drop index ${concurrently} ${schema}.${name}`);
    return `${unique ? 'a unique' : 'an'} index was added${concurrently && ' concurrently'} and dropped`;
  },
});

/** The walk's own index is replaced by another one under the same name. */
const reindex: Fault = tableFault({
  kind: "REINDEX CONCURRENTLY of the walked table's indexes",
  change: async (sql, { table }) => {
    const before = await indexes(sql, table);
    await ddl(sql, `reindex table concurrently ${table}`);
    if (before === (await indexes(sql, table))) throw new Error('no index is another one');
    return 'all indexes were built anew';
  },
});

const indexes = (sql: Sql, table: string): Promise<string> =>
  one(
    sql,
    `select string_agg(indexrelid::text, ' ' order by indexrelid) as value from pg_index
     where indrelid = '${table.replaceAll("'", "''")}'::regclass`,
  );

export const indexFaults: readonly Fault[] = [addIndex, reindex];
