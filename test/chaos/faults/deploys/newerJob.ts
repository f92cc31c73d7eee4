import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { projectFolder } from '../../../../settings/projectFolder';
import type { ChaosSet } from '../../chaosSet';
import type { Random } from '../../random';

/** A migration that only the newer build's workers have a file for. */
export interface NewerJob {
  readonly name: string;
  /** The folder of all jobs that those workers know. */
  readonly folder: string;
  /** @throws Error when a row of its was not done, or done twice */
  verify(): Promise<void>;
  /** Removes everything of it. */
  remove(): Promise<void>;
}

const ROWS = 300;

/** Makes the job and its table. It is not registered yet. */
export async function createNewerJob(set: ChaosSet, random: Random): Promise<NewerJob> {
  const number = random.integer(1, 1_000_000_000);
  const table = `public.deployed_${number}`;
  await set.postgres.sql.unsafe(`
    create table ${table} (id bigint primary key, n integer not null default 0);
    insert into ${table} (id) select generate_series(1, ${ROWS});
    grant select, update on ${table} to public`);
  const name = `9000_deployed_${number}`;
  const folder = copyJobs(set.jobs);
  writeFileSync(path.join(folder, `${name}.js`), sourceOf(table));
  return {
    name,
    folder,
    verify: async () => {
      const found = await set.postgres.sql.unsafe<{ n: number; rows: number }[]>(
        `select n, count(*)::int as rows from ${table} group by n`,
      );
      const text = found.map(({ n, rows }) => `${rows} rows ${n} times`).join(', ');
      if (text !== `${ROWS} rows 1 times`) throw new Error(`${name}: ${text}`);
    },
    remove: async () => {
      rmSync(folder, { recursive: true, force: true });
      await set.postgres.sql.unsafe(`drop table ${table}`);
    },
  };
}

/** As they are now: what is added later is known only to the other workers. */
function copyJobs(jobs: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lrm-jobs-'));
  const modules = path.join(jobs, 'node_modules');
  cpSync(jobs, folder, { recursive: true, filter: (from) => from !== modules });
  symlinkSync(path.join(projectFolder, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

const sourceOf = (table: string): string => `
const { sql } = require('drizzle-orm');
const table = sql\`${table}\`;
exports.run = async (job) => {
  const options = { key: sql\`id\`, throttle: false, batchSize: { min: 10, max: 10 } };
  await job.inBatches(table, options, async (tx, batch) => {
    await tx.execute(sql\`update \${table} set n = n + 1 where \${batch}\`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
};`;
