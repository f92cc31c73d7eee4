import type { Row } from 'postgres';
import type { Sql } from '../../../drizzle/connect';
import type { CheckContext, Work } from './context';
import { type Finding, findings } from './finding';
import { type Fragment, keyColumns, keyText } from './fragments';

/**
 * Each row that a migration has to do was done once. Those that were there from its first claim to the
 * end were done when it was called completed. What is not its own is untouched.
 */
export async function everyRowOnce({ sql, migrations }: CheckContext): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { name, work } of migrations) {
    if (work) found.push(...findings(CHECK, await ofOne(sql, name, work)));
  }
  return found;
}

const CHECK = 'every row once';

/** What can be wrong with a row: a condition over `rows` below, and how it is told. */
const WRONG: Readonly<Record<string, { readonly condition: string; readonly what: string }>> = {
  twice: { condition: 'done > starts', what: 'done more than once' },
  others: { condition: 'others > 0', what: 'counted up by others than its attempts' },
  jumps: { condition: 'jumps > 0', what: 'not counted up by one' },
  foreign: { condition: 'not mine and done > 0', what: 'done that are not its own' },
  left: {
    condition: 'completed and must and not skipped and coalesce(done_now, 0) = 0',
    what: 'not done, and it is called completed',
  },
  both: { condition: 'skipped and done_now > 0', what: 'done, and recorded as skipped' },
  late: {
    condition: 'completed and must and done_at > completed_at',
    what: 'done after it was called completed',
  },
};

async function ofOne(sql: Sql, name: string, work: Work): Promise<string[]> {
  const { table, counted, where, skipped = 0, newRows = true } = work;
  const key = keyText(sql, await keyColumns(sql, table));
  const [found] = await sql<Found[]>`
    with present as (
      select ${key} as key, ${where ? where(sql) : sql`true`} as mine from ${sql(table)} t),
    skipped as (
      select judged.key_text(to_jsonb(key)) as key from long_running_migrations.skipped_rows
      where migration = ${name}),
    course as (${courseOf(sql, name)}),
    rows as (
      select key, mine and (${newRows} or came is null or came < first_claim) as mine, skipped.key is not null as skipped, done, done_now, done_at, others, jumps,
        mine and (came is null or came < first_claim) as must, starts, completed, completed_at
      from judged.rows_of(${table}::regclass, ${counted}, ${name}) as changed
      full join present using (key) left join skipped using (key) cross join course)
    select ${counts(sql)}, (select count(*)::int from skipped) as skipped,
      (select completed from course) as completed
    from rows`;
  if (!found) return [];
  const texts = Object.entries(WRONG).flatMap(([kind, { what }]) => {
    const sample = found[kind] as Sample | null;
    if (!sample) return [];
    return [`${name}: ${sample.count} rows of ${table} were ${what}, like ${sample.key}`];
  });
  if (found.completed && found.skipped !== skipped) {
    texts.push(`${name}: ${found.skipped} rows are recorded as skipped, expected ${skipped}`);
  }
  return texts;
}

/** When a migration may do something, and how often it has begun from the start. */
const courseOf = (sql: Sql, name: string): Fragment => sql`
  select
    (select min(lsn) from judged.attempts where migration = ${name}) as first_claim,
    (select 1 + count(*) from chaos.history
      where "table" = 'migrations' and key = ${name} and op = 'U' and new ? 'generation') as starts,
    exists (select from long_running_migrations.migrations
      where name = ${name} and status = 'completed') as completed,
    (select max(lsn) from judged.course
      where migration = ${name} and kind = 'stop' and what = 'completed') as completed_at`;

/** The conditions are constants of this file. */
const counts = (sql: Sql): Fragment =>
  sql.unsafe<Row[]>(
    Object.entries(WRONG)
      .map(
        ([kind, { condition }]) => `
          case when bool_or(${condition}) then json_build_object(
            'count', count(*) filter (where ${condition}),
            'key', min(key) filter (where ${condition})) end as "${kind}"`,
      )
      .join(', '),
  );

interface Sample {
  readonly count: number;
  readonly key: string;
}

interface Found {
  readonly skipped: number;
  readonly completed: boolean;
  readonly [kind: string]: Sample | number | boolean | null;
}
