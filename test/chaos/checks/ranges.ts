import type { Sql } from '../../../drizzle/connect';
import type { CheckContext, Expected, Work } from './context';
import { type Finding, findings } from './finding';

/**
 * A row and the range that says that it is done are of one transaction. The ranges of a walk that is
 * complete adjoin each other from its first key to its last, and count its rows.
 */
export async function ranges({ sql, migrations }: CheckContext): Promise<Finding[]> {
  const found: string[] = [];
  for (const expected of migrations) {
    if (!expected.work || expected.work.ranges === false) continue;
    found.push(...(await outside(sql, expected, expected.work)));
  }
  return [...findings(CHECK, found), ...findings(CHECK, await chains(sql))];
}

const CHECK = 'finished ranges';

async function outside(sql: Sql, { name }: Expected, work: Work): Promise<string[]> {
  const { table, counted } = work;
  const rows = await sql<{ key: string; xid: string; number: number; count: number }[]>`
    select key, xid::text as xid, number, count(*) over ()::int as count
    from judged.outside_of_ranges(${table}::regclass, ${counted}, ${name})
    order by length(key), key limit 1`;
  return rows.map(
    ({ key, xid, number, count }) =>
      `${name}: ${count} rows were done without a finished range of the same transaction, like ` +
      `${key} in transaction ${xid} of attempt ${number}`,
  );
}

/** What is wrong with the ranges of walks that are there and complete. */
async function chains(sql: Sql): Promise<string[]> {
  const walks = await sql<Chain[]>`
    select migration, name, walks.rows_done::text as "rowsDone",
      coalesce(sum(rows), 0)::text as "rowsOfRanges",
      (count(*) filter (where stored.walk is not null and after is null))::int as firsts,
      (count(*) filter (where after is not null and not exists (
        select from judged.ranges before where before.walk = stored.walk and before.upto = stored.after)))::int as gaps,
      (count(stored.walk) - count(distinct coalesce(after, '0')) filter (where stored.walk is not null))::int as overlaps,
      (upper_bound is null and count(stored.walk) = 0
        or coalesce(bool_or(upto = to_jsonb(upper_bound)), false)) as reaches,
      (select count(*)::int from long_running_migrations.finished_ranges left_over
        where left_over.walk = walks.id) as left
    from long_running_migrations.walks left join judged.ranges stored on stored.walk = walks.id
    where completed_at is not null and shape ->> 'table' <> 'none' group by walks.id`;
  return walks.flatMap((walk) => {
    const which = `walk '${walk.name}' of ${walk.migration} is complete, and`;
    const found: string[] = [];
    if (walk.firsts > 1) found.push(`${which} has ${walk.firsts} first ranges`);
    if (walk.gaps > 0) found.push(`${which} has ${walk.gaps} gaps between its ranges`);
    if (walk.overlaps > 0) found.push(`${which} has ${walk.overlaps} ranges from the same key`);
    if (!walk.reaches) found.push(`${which} no range reaches its last key`);
    if (walk.left > 0) found.push(`${which} ${walk.left} ranges are not folded`);
    if (walk.rowsDone !== walk.rowsOfRanges) {
      found.push(`${which} counts ${walk.rowsDone} rows, its ranges ${walk.rowsOfRanges}`);
    }
    return found;
  });
}

interface Chain {
  readonly migration: string;
  readonly name: string;
  readonly rowsDone: string;
  readonly rowsOfRanges: string;
  readonly firsts: number;
  readonly gaps: number;
  readonly overlaps: number;
  readonly reaches: boolean;
  readonly left: number;
}
