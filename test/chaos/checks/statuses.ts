import type { CheckContext } from './context';
import { type Finding, findings } from './finding';

/** Only allowed transitions, each from the status before; an end is written by the current attempt. */
export async function statuses({ sql }: CheckContext): Promise<Finding[]> {
  const changes = await sql<Change[]>`
    select key as migration, op, old ->> 'status' as from, new ->> 'status' as to, history.xid::text as xid,
      lag(new ->> 'status') over (partition by key order by lsn, history.id) as before,
      (select count(*)::int from chaos.history own where own.xid = history.xid and own."table" = 'attempts'
        and own.new ->> 'outcome' = history.new ->> 'status' and own.key = history.old ->> 'current_attempt') as own
    from chaos.history join chaos.commits using (xid)
    where "table" = 'migrations' and (op in ('I', 'D') or op = 'U' and new ? 'status')
    order by lsn, history.id`;
  return findings(CHECK, changes.flatMap(wrong));
}

const CHECK = 'statuses';

interface Change {
  readonly migration: string;
  readonly op: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly before: string | null;
  readonly xid: string;
  /** How many attempts got the same outcome in the same transaction, and were the current one. */
  readonly own: number;
}

function wrong({ migration, op, from, to, before, xid, own }: Change): string[] {
  const which = `${migration}, transaction ${xid}`;
  if (op === 'D') return [];
  if (op === 'I') {
    return to === 'created' || to === 'paused' ? [] : [`${which}: registered as ${to}`];
  }
  const found: string[] = [];
  if (before !== null && before !== from) found.push(`${which}: ${from} where it was ${before}`);
  if (!ALLOWED[from ?? '']?.includes(to ?? '')) found.push(`${which}: from ${from} to ${to}`);
  if (ENDS.includes(to ?? '') && own !== 1) {
    found.push(`${which}: ${to}, and the attempt that was the current one has not ended so`);
  }
  return found;
}

/** By an attempt's outcome only. */
const ENDS = ['completed', 'failed', 'reverted'];

/** As the README's diagram has them. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  created: ['in_progress', 'paused', 'cancelled'],
  in_progress: ['completed', 'failed', 'reverted', 'paused', 'cancelled'],
  paused: ['created', 'cancelled'],
  failed: ['created', 'cancelled'],
  cancelled: ['created'],
  completed: ['created'],
  reverted: ['created'],
};
