import type { CheckContext, Expected } from './context';
import { explained } from './explained';
import { type Finding, findings } from './finding';

/**
 * Each attempt has an end. One that nobody brought about must have a fault, an operator's request or its
 * job as a reason. Attempts are numbered without gaps.
 */
export async function outcomes(context: CheckContext): Promise<Finding[]> {
  const { sql, migrations } = context;
  const attempts = await sql<EndedAttempt[]>`
    select a.migration, a.number, a.outcome::text as outcome, split_part(a.worker, '@', 1)::int as pid,
      a.ended_at is not null as ended,
      extract(epoch from judged.not_before(own.lsn)) * 1000 as from,
      extract(epoch from judged.not_after(coalesce(ending.lsn, own.lsn))) * 1000 as upto,
      -- What operators asked for since the claim.
      array(select distinct new ->> 'request' from chaos.history join chaos.commits c using (xid)
        where "table" = 'migrations' and key = a.migration and op = 'U' and new ? 'request'
          and c.lsn between own.lsn and coalesce(ending.lsn, 'FFFFFFFF/FFFFFFFF')) as requests,
      row_number() over (partition by a.migration order by a.number, a.id)::int as place
    from long_running_migrations.attempts a
    left join judged.attempts own on own.attempt = a.id
    left join lateral (
      select lsn from chaos.history join chaos.commits using (xid)
      where "table" = 'attempts' and key = a.id::text and op = 'U' and new ? 'outcome'
      order by lsn limit 1) ending on true
    order by a.migration, a.number`;
  const expected = new Map(migrations.map((each) => [each.name, each]));
  const counted = await sql<{ name: string; attempts: number; last: number }[]>`
    select name, attempts, coalesce(max(number), 0)::int as last from long_running_migrations.migrations
    left join long_running_migrations.attempts on migration = name
    group by name having attempts <> coalesce(max(number), 0)`;
  return findings(CHECK, [
    ...attempts.flatMap((attempt) => wrong(context, attempt, expected.get(attempt.migration))),
    ...counted.map(
      ({ name, attempts, last }) => `${name} counts ${attempts} attempts, the last is ${last}`,
    ),
  ]);
}

const CHECK = "attempts' outcomes";

/** Faults after which a walk has to be refused. */
const REFUSED = /^the key's (type changed|index dropped)/;

interface EndedAttempt {
  readonly migration: string;
  readonly number: number;
  readonly outcome: string | null;
  /** Of its worker. */
  readonly pid: number;
  readonly ended: boolean;
  /** When it was claimed and when its end was written, in real time, as far as it is known. */
  readonly from: string | null;
  readonly upto: string | null;
  readonly requests: readonly string[];
  readonly place: number;
}

function wrong(
  context: CheckContext,
  attempt: EndedAttempt,
  expected: Expected | undefined,
): string[] {
  const { migration, number, outcome, place } = attempt;
  const which = `attempt ${number} of ${migration}`;
  const found = number === place ? [] : [`${which} is number ${place} of those that are there`];
  if (!attempt.ended || outcome === null) return [...found, `${which} has no end`];
  if (hasReason(context, attempt, expected)) return found;
  return [...found, `${which} is ${outcome}, and nothing has brought that about`];
}

function hasReason(
  context: CheckContext,
  { outcome, requests, from, upto, pid }: EndedAttempt,
  expected: Expected | undefined,
): boolean {
  if (outcome === null || outcome === 'completed') return true;
  if (expected?.outcomes?.includes(outcome)) return true;
  const byFault = (parts: readonly string[], kind = /./) =>
    explained(context, {
      parts,
      kind,
      from: Number(from ?? -Infinity),
      upto: Number(upto ?? Infinity),
      pid,
    });
  switch (outcome) {
    case 'failed':
      return expected?.end === 'failed' || byFault(['tables'], REFUSED);
    case 'reverted':
      return requests.includes('revert');
    case 'cancelled':
      return requests.includes('cancel');
    case 'paused':
      // Pause in Temporal leaves no request in the row.
      return requests.includes('pause') || byFault(['temporal', 'operators']);
    default:
      // A stop that was withdrawn, or that its worker did not carry out.
      return (
        requests.length > 0 || byFault(['worker', 'postgres', 'temporal', 'operators', 'tables'])
      );
  }
}
