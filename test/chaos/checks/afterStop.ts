import type { CheckContext } from './context';
import { type Finding, findings } from './finding';

/**
 * After a status that says so, or the end of an attempt, nothing of the migration commits until the next
 * claim. The same holds for what an operator was told.
 */
export async function afterStop({ sql, stops = [] }: CheckContext): Promise<Finding[]> {
  const late = await sql<Late[]>`
    select * from (
      select effect.migration, effect.what, effect.xid::text as xid, last.kind, last.what as after, effect.lsn
      from judged.course effect
      cross join lateral (
        select kind, what from judged.course event
        where event.migration = effect.migration and event.lsn < effect.lsn and event.kind <> 'effect'
        order by event.lsn desc limit 1
      ) last
      where effect.kind = 'effect'
    ) effects
    where kind = 'stop' order by lsn`;
  const found = findings(
    CHECK,
    late.map(
      ({ migration, what, xid, after }) =>
        `${migration}: transaction ${xid} of ${what} committed after ${after}`,
    ),
  );
  const told = await Promise.all(
    stops.map(async ({ migration, from, upto }) => {
      const [row] = await sql<{ xid: string; number: number; count: number }[]>`
        select min(xid::text) as xid, min(number) as number, count(*)::int as count
        from judged.effects
        where migration = ${migration}
          and not pg_visible_in_snapshot(xid, ${from}::pg_snapshot)
          and pg_visible_in_snapshot(xid, ${upto}::pg_snapshot)`;
      if (!row?.count) return [];
      return [
        `${migration}: ${row.count} transactions, ${row.xid} of attempt ${row.number} is the first, ` +
          'committed after an operator was told that it has stopped',
      ];
    }),
  );
  return [...found, ...findings(CHECK, told.flat())];
}

const CHECK = 'nothing after a stop';

interface Late {
  readonly migration: string;
  readonly what: string;
  readonly xid: string;
  readonly after: string;
}
