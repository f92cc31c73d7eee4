import type { Sql } from '../../../../drizzle/connect';
import type { Fault, Target } from '../../fault';
import { succeeds } from '../support/lrm';
import { untilRow } from '../support/rows';
import { ddl, inSession, one } from './session';
import { untilGoesOn, type WalkedTable, walkedTable } from './walked';

/** A change after which what is stored of the walk may mean other rows. */
interface Misfit {
  readonly kind: string;
  /** @returns the statement that changes the table, and the one that puts it back */
  statements(sql: Sql, walk: WalkedTable): Promise<readonly [string, string]>;
  /** In the error of the refused migration. */
  readonly error: RegExp;
}

/** The next attempt looks again and is refused. When the table is as it was, a retry goes on. */
const misfit = ({ kind, statements, error }: Misfit): Fault => ({
  kind,
  part: 'tables',
  // What operators and dying workers do to the same migration would hide whether it is refused.
  needs: ['postgres', 'operators', 'worker', 'temporal'],
  inflict: async ({ set, random }: Target) => {
    const walk = await walkedTable(set, random, ({ grouped }) => !grouped);
    const { migration } = walk;
    const row = await inSession(set, async (sql) => {
      const [change, back] = await statements(sql, walk);
      await ddl(sql, change);
      try {
        return await untilRow(set, migration, 'be refused', ({ status }) => OVER.includes(status));
      } finally {
        await ddl(sql, back);
      }
    });
    if (row.status === 'completed') return `${migration} was completed before it could be refused`;
    if (!error.test(row.error ?? '')) {
      throw new Error(`${migration} has failed in another way than it should: ${row.error}`);
    }
    await succeeds(set, 1, 'retry', migration);
    await untilGoesOn(set, migration);
    return `${migration} was refused (${row.error}), and went on after lrm retry`;
  },
});

const OVER: readonly string[] = ['failed', 'completed'];

const keyType: Fault = misfit({
  kind: "the key's type changed in the walked table",
  error: /can't go on.*types/,
  statements: async (sql, { table, key }) => {
    const [column = ''] = key;
    const quoted = `"${column.replaceAll('"', '""')}"`;
    const type = await one(
      sql,
      `select format_type(atttypid, atttypmod) as value from pg_attribute
       where attrelid = '${table.replaceAll("'", "''")}'::regclass and attname = '${column.replaceAll("'", "''")}'`,
    );
    return [
      `alter table ${table} alter ${quoted} type numeric`,
      `alter table ${table} alter ${quoted} type ${type}`,
    ];
  },
});

const keyIndex: Fault = misfit({
  kind: "the key's index dropped from the walked table",
  error: /index/,
  statements: async (sql, { table }) => {
    const name = await one(
      sql,
      `select quote_ident(conname) as value from pg_constraint
       where conrelid = '${table.replaceAll("'", "''")}'::regclass and contype = 'p'`,
    );
    const definition = await one(
      sql,
      `select pg_get_constraintdef(oid) as value from pg_constraint
       where conrelid = '${table.replaceAll("'", "''")}'::regclass and contype = 'p'`,
    );
    return [
      `alter table ${table} drop constraint ${name}`,
      `alter table ${table} add constraint ${name} ${definition}`,
    ];
  },
});

export const refusals: readonly Fault[] = [keyType, keyIndex];
