import { sql } from 'drizzle-orm';
import type { Transaction } from '../../../jobs/context/attempt';
import type { TestAttempt } from '../../jobs/context/attempts';
import { keyOf, shapes } from './shapes';
import type { World } from './world';

export type Api = 'inBatches' | 'updateRows' | 'groups' | 'forEach';

const CONDITIONS = {
  'all rows': undefined,
  untouched: sql`touched = 0`,
  'not every third': sql`row % 3 <> 0`,
} as const;

/** Whether the world's condition selects a row that is not done. */
export const isSelected = ({ where }: World, row: number): boolean =>
  where !== 'not every third' || row % 3 !== 0;

/**
 * Walks over `items` in one attempt. Each row that is done is written to `ledger`.
 * @param passed called in each batch, with its work done
 */
export async function walk(
  { shape, api, where, size, lanes, descending }: World,
  { job, db }: TestAttempt,
  passed: () => void,
): Promise<void> {
  const items = sql`items`;
  const key = keyOf(shapes[shape]);
  const condition = CONDITIONS[where];
  const common = { descending, ...(condition && { where: condition }) };
  const options = {
    ...common,
    lanes,
    throttle: false,
    batchSize: { min: size, max: size },
  } as const;
  const update = async (tx: Transaction, batch: ReturnType<typeof sql>) => {
    await tx.execute(sql`with done as (update items set touched = touched + 1 where ${batch} returning row)
      insert into public.ledger select row from done`);
    passed();
  };
  switch (api) {
    case 'inBatches':
      return job.inBatches(items, { ...options, key }, update);
    case 'groups':
      return job.inBatches(items, { ...options, groupBy: sql`part` }, update);
    case 'updateRows':
      return job.inBatches(items, { ...options, key }, async (tx, batch) => {
        const columns = Object.keys(shapes[shape].columns);
        const rows = await batch.rows({
          ...Object.fromEntries(columns.map((name) => [name, sql.raw(`${name}::text`)])),
          touched: sql<number>`touched + 1`,
          row: sql<number>`row`,
        });
        const values = rows.map(({ row: _, ...value }) => value);
        await job.updateRows(tx, items, key, values);
        for (const { row } of rows)
          await tx.execute(sql`insert into public.ledger values (${row})`);
        passed();
      });
    case 'forEach': {
      const pages = { checkpointEvery: size, pageSize: size, concurrency: lanes } as const;
      const columns = { row: sql<number>`row` };
      return job.forEach(items, { ...common, ...pages, key, columns }, async (rows) => {
        // Outside of the fence, as with another service: a second time does no harm.
        for (const { row } of rows) {
          await db.execute(sql`insert into public.ledger values (${row})`);
        }
        passed();
      });
    }
  }
}
