import type { Sql } from '../../../drizzle/connect';
import type { CheckContext, ForegroundAccount, ForegroundTable } from './context';
import { explained } from './explained';
import { type Finding, findings } from './finding';
import { type Fragment, keyColumns, keyText } from './fragments';

/**
 * The application met no errors but those of faults; its rows are as it left them; what it was told is
 * committed is there, unless a promotion has lost it.
 */
export async function foreground(context: CheckContext): Promise<Finding[]> {
  const account = context.foreground;
  if (!account) return [];
  const found = errors(context, account);
  for (const table of account.tables) found.push(...(await ofTable(context, account, table)));
  return findings(CHECK, found);
}

const CHECK = 'the foreground';

function errors(context: CheckContext, { errors }: ForegroundAccount): string[] {
  return errors
    .filter(
      ({ from, at }) => !explained(context, { parts: ['postgres', 'tables'], from, upto: at }),
    )
    .map(
      ({ code, at }) =>
        `it met ${code} at ${new Date(at).toISOString()}, and no fault has caused that`,
    );
}

async function ofTable(
  { sql, faults }: CheckContext,
  { session }: ForegroundAccount,
  { table, column, added, doubtful, rows = new Map() }: ForegroundTable,
): Promise<string[]> {
  const found: string[] = [];
  const key = keyText(sql, await keyColumns(sql, table));
  const [counts] = await sql<Counts[]>`${countsOf(sql, table, column, session, key)}`;
  if (!counts) return [];
  const { total, noted, others, overwritten, example } = counts;
  if (others > 0) found.push(`${others} of its changes in ${table} were made by others`);
  if (overwritten > 0)
    found.push(`${overwritten} rows of ${table} are not as it left them, like ${example}`);
  // What a promotion has lost was lost with the ledger. Its rows are as the ledger says, above.
  const lossy = faults.some(({ kind }) => /promot/i.test(kind));
  const most = added + doubtful;
  if (Number(total) > most || (!lossy && Number(noted) < added)) {
    found.push(`${table} has ${noted} of its additions, expected ${added} to ${most}`);
  }
  if (!lossy) found.push(...(await presence(sql, table, key, rows)));
  return found;
}

const countsOf = (
  sql: Sql,
  table: string,
  column: string,
  session: string,
  key: Fragment,
): Fragment => sql`
  with this as (
    select id, array_position(counted, ${column}) as place from chaos.watched
    where "table" = ${table}::regclass::text),
  changes as (
    select r.key, r.op, r.id, new[place] - old[place] as added, new[place] as value, transactions.session
    from this join chaos.rows r on r.watched = this.id join chaos.transactions using (xid)),
  noted as (
    select key, max(id) filter (where op = 'I') as came from changes group by key),
  sums as (
    select key, sum(added) filter (where came is null or changes.id > came) as sum
    from changes join noted using (key) group by key),
  present as (select ${key} as key, t.${sql(column)} as value from ${sql(table)} t)
  select
    (select coalesce(sum(added), 0) from changes where session = ${session})::text as noted,
    (select coalesce(sum(added), 0) from changes)::text as total,
    (select count(*) from changes where session <> ${session} and added <> 0)::int as others,
    (count(*) filter (where value <> coalesce(sum, 0)))::int as overwritten,
    min(key) filter (where value <> coalesce(sum, 0)) as example
  from present left join sums using (key)`;

interface Counts {
  readonly total: string;
  readonly noted: string;
  readonly others: number;
  readonly overwritten: number;
  readonly example: string | null;
}

async function presence(
  sql: Sql,
  table: string,
  key: Fragment,
  rows: NonNullable<ForegroundTable['rows']>,
): Promise<string[]> {
  const known = [...rows].filter(([, state]) => state !== 'unknown');
  if (known.length === 0) return [];
  const present = await sql<{ key: string }[]>`
    select ${key} as key from ${sql(table)} t where ${key} = any(${known.map(([each]) => each)}::text[])`;
  const there = new Set(present.map((row) => row.key));
  return known.flatMap(([each, state]) => {
    if (there.has(each) === (state === 'there')) return [];
    return [`row ${each} of ${table} is ${state === 'there' ? 'missing' : 'there again'}`];
  });
}
