import type { Sql } from '../../../drizzle/connect';
import type { JobsFolder } from '../../support/jobsFolder';
import type { Change } from './handWritten';

/** Whole migrations, which must complete whatever stands about the others. */
export const GOOD = ['0002_good', '0009_good'] as const;

/** The migration of this number whose rows are changed by hand. */
export const victim = (number: number) => `0005_changed:n${number}`;

export function writeJobs(jobs: JobsFolder): void {
  for (const name of GOOD)
    jobs.writeJob(name, 'exports.run = async (job) => { await job.sql`select 1`; };');
  jobs.writeJob(
    '0005_changed',
    `const { sql } = require('drizzle-orm');
     exports.run = async (job) => {
       await job.checkpoint();
       await job.step('prepare', async () => ({ ready: true }));
       const options = { key: sql\`id\`, throttle: false, onError: 'skip', maxSkipped: 5 };
       await job.inBatches(sql\`items\`, options, async (tx, batch) => {
         await tx.execute(sql\`update items set touched = touched + 1 where \${batch}\`);
       });
       await job.saveCheckpoint({ at: 1 });
     };
     exports.revert = async () => {};`,
  );
}

/** All migrations of a run: each victim stopped half way through its walk. */
export async function storeAll(
  client: Sql,
  victims: readonly (readonly Change[])[],
): Promise<void> {
  await client`truncate long_running_migrations.migrations, long_running_migrations.walks,
    long_running_migrations.finished_ranges cascade`;
  const [first, last] = GOOD;
  await client`insert into long_running_migrations.migrations (name, created_at) values (${first}, '2020-01-01')`;
  for (const [number, changes] of victims.entries()) {
    await storeVictim(client, victim(number));
    for (const change of changes) await write(client, victim(number), change);
  }
  await client`insert into long_running_migrations.migrations (name, created_at) values (${last}, now())`;
}

async function storeVictim(client: Sql, name: string): Promise<void> {
  await client.begin(async (tx) => {
    const [walk] = await tx`
      with m as (
        insert into long_running_migrations.migrations (name, status, attempts, rows_done, rows_total, started_at)
        values (${name}, 'in_progress', 1, 40, 100, now()) returning name)
      insert into long_running_migrations.walks (migration, name, shape, upper_bound, low_water_mark, rows_done, rows_total)
      select name, '1', ${'{"table":"items","key":"id","direction":"ascending","where":"all rows","schema":"public.items","types":"pg_catalog.int4"}'}::jsonb,
        '{100}', '{30}', 30, 100 from m returning id`;
    const id = String(walk?.['id']);
    await tx`insert into long_running_migrations.finished_ranges (walk, after, upto, rows)
      values (${id}, '{30}', '{40}', 10), (${id}, '{60}', '{70}', 10)`;
    await tx`insert into long_running_migrations.skipped_rows (migration, walk, key, code)
      values (${name}, ${id}, '{7}', '22012')`;
    await tx`insert into long_running_migrations.steps (migration, name, result, completed_at)
      values (${name}, 'prepare', '{"ready":true}', now())`;
    await tx`insert into long_running_migrations.attempts (migration, number, worker, run_id, ended_at, outcome, error, rows_done)
      values (${name}, 1, '1@there', 'x', now(), 'interrupted', 'gone', 40)`;
  });
}

/** Does what constraints allow, and nothing else. */
async function write(client: Sql, name: string, { table, column, value }: Change): Promise<void> {
  const own = `long_running_migrations.${table}`;
  const of =
    table === 'migrations'
      ? 'name = $1'
      : table === 'finished_ranges'
        ? 'walk in (select id from long_running_migrations.walks where migration = $1)'
        : 'migration = $1';
  const type = `(select format_type(atttypid, atttypmod) from pg_attribute where attrelid = '${own}'::regclass and attname = '${column}')`;
  try {
    if (column === undefined) {
      await client.unsafe(`delete from ${own} where ${of}`, [name]);
      return;
    }
    const [found] = await client.unsafe(`select ${type} as type`);
    await client.unsafe(
      `update ${own} set "${column}" = $2::text::${found?.['type']} where ${of}`,
      [name, value],
    );
  } catch (error) {
    // Refused: constraints, triggers and types don't let it in.
    if (!/^(22|23|42|P0|55)/.test((error as { code?: string }).code ?? '')) throw error;
  }
}
