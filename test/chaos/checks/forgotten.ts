import type { CheckContext, Expected } from './context';
import { type Finding, findings } from './finding';

/** Each migration that was registered has ended as it must. Nothing else is there. */
export async function forgotten({ sql, migrations }: CheckContext): Promise<Finding[]> {
  const rows = await sql<Found[]>`
    select name, status::text as status, current_attempt is not null as held, waits_for as "waitsFor", (
      select count(*)::int from long_running_migrations.attempts
      where migration = name and outcome in ('completed', 'reverted')) as ends
    from long_running_migrations.migrations order by name`;
  const there = new Map(rows.map((row) => [row.name, row]));
  const known = new Set(migrations.map(({ name }) => name));
  return findings(CHECK, [
    ...migrations.flatMap((expected) => wrong(expected, there.get(expected.name))),
    ...rows.flatMap(({ name }) =>
      known.has(name) ? [] : [`${name} is there, and nobody registered it`],
    ),
  ]);
}

const CHECK = 'nothing forgotten';

interface Found {
  readonly name: string;
  readonly status: string;
  /** Whether an attempt may still write. */
  readonly held: boolean;
  readonly waitsFor: string | null;
  readonly ends: number;
}

const STATUSES: Readonly<Record<Expected['end'], readonly string[]>> = {
  completed: ['completed'],
  failed: ['failed'],
  stopped: ['paused', 'cancelled'],
  any: ['completed', 'failed', 'paused', 'cancelled', 'reverted'],
};

function wrong({ name, end }: Expected, row: Found | undefined): string[] {
  if (!row) return [`${name} is not registered any more`];
  const found: string[] = [];
  if (!STATUSES[end].includes(row.status)) {
    const why = row.waitsFor === null ? '' : ` (waits for: ${row.waitsFor})`;
    found.push(`${name} is ${row.status}${why}, and must be ${STATUSES[end].join(' or ')}`);
  }
  if (row.held) found.push(`${name} is ${row.status} and has a current attempt`);
  if (row.status === 'completed' && row.ends === 0) {
    found.push(`${name} is completed, and none of its attempts is`);
  }
  return found;
}
