import type { Sql } from '../../../../drizzle/connect';
import { watchTable } from '../../ledger/ledger';

/** Stands in each row, and must stand nowhere else. */
export const SECRET = 'mutants-row-value-7c1e';

/** A table whose rows a job counts up, each from 0 to 1. */
export interface WalkedTable {
  readonly name: string;
  readonly rows: number;
}

/** Makes one, with the ledger's triggers. */
export async function createWalkedTable(
  sql: Sql,
  name: string,
  rows: number,
): Promise<WalkedTable> {
  await sql`
    create table ${sql(name)} (
      id bigint primary key, n integer not null default 0, secret text not null)`;
  await sql`
    insert into ${sql(name)} (id, secret)
    select id, ${SECRET} || ' ' || id from generate_series(1, ${rows}::integer) as id`;
  await watchTable(sql, name, ['id'], ['n']);
  return { name, rows };
}

export interface WalkOptions {
  /** Rows of each batch. Default 10. */
  readonly batch?: number;
  readonly lanes?: number;
  /** More options of inBatches, as JavaScript. */
  readonly more?: string;
  /** JavaScript before the UPDATE. It sees the same as `last`. */
  readonly first?: string;
  /** JavaScript after the UPDATE. It sees `job`, `tx`, `batch`, `batches` (begun in this process) and
   * `sleep(ms)`. */
  readonly last?: string;
  /** JavaScript before the walk. It sees `job` and `sleep(ms)`. */
  readonly before?: string;
  /** JavaScript after the walk. It sees the same as `before`. */
  readonly after?: string;
  /** More exports. */
  readonly exports?: string;
}

/** The source of a job that counts up the rows of a table. */
export function walkOver(
  { name }: WalkedTable,
  {
    batch = 10,
    lanes = 1,
    more = '',
    before = '',
    first = '',
    last = '',
    after = '',
    exports = '',
  }: WalkOptions = {},
): string {
  return `
const { sql } = require('drizzle-orm');
let batches = 0;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
exports.run = async (job) => {
  ${before}
  const batchSize = { min: ${batch}, max: ${batch} };
  const options = { key: sql\`id\`, lanes: ${lanes}, throttle: false, batchSize, ${more} };
  await job.inBatches(sql\`${name}\`, options, async (tx, batch) => {
    batches++;
    ${first}
    await tx.execute(sql\`update ${name} set n = n + 1 where \${batch}\`);
    ${last}
  });
  ${after}
};
${exports}`;
}

/** What the checks expect of a migration that walks over it. */
export const workOn = ({ name }: WalkedTable) => ({ table: name, counted: 'n' }) as const;
