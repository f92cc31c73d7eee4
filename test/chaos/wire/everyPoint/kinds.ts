import type { Sql } from '../../../../drizzle/connect';
import type { JobsFolder } from '../../../support/jobsFolder';

/** Rows of each table. */
export const ROWS = 30;

/**
 * The bodies of small migrations of each kind, so that every statement of ours passes. A table is
 * named `rows_<kind>`. Statements of a job's own say 'author' in a comment.
 */
export const KINDS: Readonly<Record<string, string>> = {
  batches: `
    await job.inBatches(rows, SMALL, adds);`,
  skips: `
    await job.inBatches(rows, { ...SMALL, onError: 'skip', maxSkipped: 5 }, async (tx, batch) => {
      await tx.update(rows).set({ n: sql\`n + 1 / (id - 15) * 0 + 1 /* author */\` }).where(batch);
    });`,
  groups: `
    await job.inBatches(rows, { ...SMALL, key: undefined, groupBy: rows.grp }, adds);`,
  each: `
    await job.forEach(rows, { key: rows.id, throttle: false, pageSize: 5, checkpointEvery: 10 }, async (page) => {
      for (const { id } of page) await job.sql\`update rows_each set n = 1 where id = \${id} /* author */\`;
    });`,
  items: `
    const ids = async function* (after = 0) { for (let id = after + 1; id <= ${ROWS}; id++) yield id; };
    await job.forEach(ids, { cursor: (id) => id, checkpointEvery: 10 }, async (id) => {
      await job.sql\`update rows_items set n = 1 where id = \${id} /* author */\`;
    });`,
  steps: `
    await job.step('sets', { transaction: true }, async (tx) => {
      await tx.execute(sql\`update rows_steps set n = n + 1 /* author */\`);
    });
    await job.step('looks', async () => {
      await job.db.execute(sql\`select count(*) from rows_steps /* author */\`);
    });
    await job.createIndexConcurrently('rows_steps_grp', rows, sql\`(grp)\`);
    await job.validateConstraint(rows, 'small');`,
  checkpoints: `
    const begun = (await job.checkpoint()) ?? 0;
    await job.saveCheckpoint(begun);
    for (let id = begun + 1; id <= ${ROWS}; id++) {
      await job.db.transaction(async (tx) => {
        await tx.execute(sql\`update rows_checkpoints set n = n + 1 where id = \${id} /* author */\`);
        await job.saveCheckpoint(id, tx);
      });
    }`,
  computes: `
    await job.inBatches(rows, SMALL, async (tx, batch) => {
      const found = await batch.rows({ id: rows.id, n: rows.n });
      await job.updateRows(tx, rows, rows.id, found.map(({ id, n }) => ({ id, n: n + 1 })));
    });`,
  fails: `
    await job.inBatches(rows, { ...SMALL, lanes: 2 }, async (tx, batch) => {
      const found = await batch.rows({ id: rows.id });
      if (job.attempt === 1 && found.some(({ id }) => id === 29n)) throw new Error('once');
      await adds(tx, batch);
    });`,
  throttled: `
    await job.inBatches(rows, { key: rows.id, batchSize: { min: 5, max: 5 } }, async (tx, batch) => {
      await adds(tx, batch);
      await new Promise((resolve) => setTimeout(resolve, 300));
    });`,
};

const SOURCE = (table: string, body: string): string => `
const { bigint, integer, pgTable } = require('drizzle-orm/pg-core');
const { sql } = require('drizzle-orm');
const rows = pgTable('${table}', {
  id: bigint({ mode: 'bigint' }).primaryKey(), grp: integer(), n: integer(),
});
const SMALL = { key: rows.id, throttle: false, batchSize: { min: 7, max: 7 } };
const adds = async (tx, batch) => {
  await tx.update(rows).set({ n: sql\`n + 1 /* author */\` }).where(batch);
};
exports.run = async (job) => {${body}
};
exports.verify = async (job) => {
  await job.db.execute(sql\`select 1 /* author */\`);
};`;

/** Makes the table of a kind anew, and writes its job. */
export async function prepareKind(
  sql: Sql,
  jobs: JobsFolder,
  name: string,
  kind: string,
): Promise<void> {
  const table = `rows_${kind}`;
  await sql.unsafe(`
    drop table if exists ${table};
    create table ${table} (id bigint primary key, grp integer not null, n integer not null default 0);
    insert into ${table} select id, id / 10 from generate_series(1, ${ROWS}) id;
    create index on ${table} (grp);
    alter table ${table} add constraint small check (n < 10) not valid`);
  jobs.writeJob(name, SOURCE(table, KINDS[kind] ?? ''));
}

/**
 * @returns what is wrong after a completed migration: a row that was not done once, or a bad row that
 *   was not recorded once
 */
export async function wrongWith(sql: Sql, name: string, kind: string): Promise<string[]> {
  const rows = await sql<{ id: string; n: number }[]>`
    select id, n from ${sql(`rows_${kind}`)} order by id`;
  const skipped = await sql<{ key: string[] }[]>`
    select key from long_running_migrations.skipped_rows where migration = ${name}`;
  const bad = kind === 'skips' ? ['15'] : [];
  const wrong = rows.filter(({ id, n }) => n !== (bad.includes(id) ? 0 : 1));
  return [
    ...wrong.map(({ id, n }) => `${name}: row ${id} was done ${n} times`),
    ...(rows.length === ROWS ? [] : [`${name}: ${rows.length} rows`]),
    ...(skipped.map(({ key }) => key.join()).join(' ') === bad.join(' ')
      ? []
      : [`${name}: ${skipped.length} rows recorded as skipped`]),
  ];
}
