import { connect, type Sql, type TransactionSql } from '../../../drizzle/connect';
import { installLedger, noteTime, watchTable } from '../ledger/ledger';
import type { CheckContext, Expected } from './context';

/** A history that a test writes by hand, as the product would write it, or as it must not. */
export interface Scene {
  /** An attempt begins, in a session of its own. */
  claim(migration: string): Promise<Actor>;
  /** As the operator's command or a worker would. */
  status(migration: string, status: string): Promise<void>;
  /** Registers a migration that does `rows` rows of a table of its own. */
  migrate(migration: string, rows?: number): Promise<Expected>;
  /** The whole course of a migration that meets no fault. */
  complete(migration: string): Promise<Expected>;
  /** With this migration alone. */
  context(migration: string): CheckContext;
  close(): Promise<void>;
}

/** An attempt. */
export interface Actor {
  readonly id: string;
  readonly number: number;
  readonly sql: Sql;
  /** Does the rows after `after` (0: from the first one) up to `upto`, in one transaction. */
  batch(
    after: number,
    upto: number,
    then?: (tx: TransactionSql) => Promise<unknown>,
  ): Promise<void>;
  end(outcome: string): Promise<void>;
}

/** Stands in each row. */
export const SECRET = 'scene-row-value';

/** Makes the ledger in a database with our tables. */
export async function openScene(databaseUrl: string, sql: Sql): Promise<Scene> {
  await installLedger(sql);
  const sessions: Sql[] = [];
  const migrations: Expected[] = [];
  const tableOf = (migration: string) => `rows_of_${migration}`;

  const claim = async (migration: string): Promise<Actor> => {
    const [row] = await sql<{ id: string; number: number; walk: string }[]>`
      with claimed as (
        update long_running_migrations.migrations set attempts = attempts + 1, status = 'in_progress'
        where name = ${migration} returning attempts as number),
      ended as (
        update long_running_migrations.attempts set ended_at = now(), outcome = 'interrupted'
        where migration = ${migration} and ended_at is null),
      walk as (select id from long_running_migrations.walks where migration = ${migration})
      insert into long_running_migrations.attempts (migration, number, worker, run_id)
      select ${migration}, number, '4711@here', 'run' from claimed
      returning id::text as id, number, (select id::text from walk) as walk`;
    if (!row) throw new Error(`${migration} is not registered`);
    const { id, number, walk } = row;
    await sql`
      update long_running_migrations.migrations set current_attempt = ${id} where name = ${migration}`;
    const own = connect(databaseUrl, {
      max: 3,
      applicationName: `lrm:long_running_migrations:${id}`,
    });
    sessions.push(own);
    return {
      id,
      number,
      sql: own,
      batch: async (after, upto, then = async () => {}) => {
        await own.begin(async (tx) => {
          await tx`
            update ${tx(tableOf(migration))} set n = n + 1 where id > ${after} and id <= ${upto}`;
          await tx`
            insert into long_running_migrations.finished_ranges (walk, after, upto, rows)
            values (${walk}, ${after ? tx`array[${String(after)}]` : null}, array[${String(upto)}], ${upto - after})`;
          await then(tx);
        });
      },
      end: async (outcome) => {
        const ends = ['completed', 'failed', 'paused', 'cancelled'].includes(outcome);
        await sql.begin(async (tx) => {
          await tx`
            update long_running_migrations.migrations set current_attempt = null,
              status = ${ends ? tx`${outcome}` : tx`status`} where name = ${migration}`;
          await tx`
            update long_running_migrations.attempts set ended_at = now(), outcome = ${outcome} where id = ${id}`;
        });
      },
    };
  };

  const scene: Scene = {
    claim,
    status: async (migration, status) => {
      await sql`
        update long_running_migrations.migrations set status = ${status}, current_attempt = null
        where name = ${migration}`;
    },
    migrate: async (migration, rows = 20) => {
      const table = tableOf(migration);
      await sql`
        create table ${sql(table)} (
          id bigint primary key, n integer not null default 0, touched integer not null default 0,
          owner text not null default 'migration', secret text not null default ${sql.unsafe(`'${SECRET}'`)})`;
      await sql`insert into ${sql(table)} (id) select generate_series(1, ${rows}::int)`;
      await watchTable(sql, table, ['id'], ['n', 'touched']);
      await sql`insert into long_running_migrations.migrations (name) values (${migration})`;
      await sql`
        insert into long_running_migrations.walks (migration, name, shape, upper_bound)
        values (${migration}, '1', '{"table": "x"}', array[${String(rows)}])`;
      const expected: Expected = {
        name: migration,
        end: 'completed',
        work: { table, counted: 'n', where: (sql) => sql`t.owner = 'migration'` },
      };
      migrations.push(expected);
      return expected;
    },
    complete: async (migration) => {
      const expected = await scene.migrate(migration);
      const attempt = await claim(migration);
      await noteTime(sql);
      await attempt.batch(0, 10);
      await attempt.batch(10, 20);
      await sql`
        update long_running_migrations.walks set completed_at = now(), rows_done = 20, low_water_mark = upper_bound
        where migration = ${migration}`;
      await sql`delete from long_running_migrations.finished_ranges`;
      await attempt.end('completed');
      await noteTime(sql);
      return expected;
    },
    context: (migration) => ({
      sql,
      client: undefined as never,
      folder: '',
      migrations: migrations.filter(({ name }) => name === migration),
      faults: [],
      workers: [],
      memory: [],
      secret: SECRET,
    }),
    close: async () => {
      for (const each of sessions) await each.end();
    },
  };
  return scene;
}
