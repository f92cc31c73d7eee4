import { waitFor } from '../../../support/waitFor';
import type { ChaosSet } from '../../chaosSet';

export interface MigrationRow {
  readonly name: string;
  readonly status: string;
  readonly attempts: number;
  readonly request: string | null;
  readonly error: string | null;
}

/** @throws Error when it is not registered */
export async function readRow({ postgres }: ChaosSet, name: string): Promise<MigrationRow> {
  const [row] = await postgres.sql<MigrationRow[]>`
    select name, status, attempts, request, error
    from long_running_migrations.migrations where name = ${name}`;
  if (!row) throw new Error(`${name} is not registered`);
  return row;
}

/** Whether nothing is left to run: faults that need running attempts find none any more. */
export async function allEnded({ postgres }: ChaosSet): Promise<boolean> {
  const [row] = await postgres.sql<{ left: number }[]>`
    select count(*)::int as left from long_running_migrations.migrations
    where status in ('created', 'in_progress')`;
  return row?.left === 0;
}

/** Waits for a condition of a migration's row. */
export function untilRow(
  set: ChaosSet,
  name: string,
  what: string,
  condition: (row: MigrationRow) => boolean,
  deadline = 60_000,
): Promise<MigrationRow> {
  return waitFor(
    `${name} to ${what}`,
    async () => {
      const row = await readRow(set, name);
      return condition(row) && row;
    },
    deadline,
  );
}

export const ENDED: readonly string[] = ['completed', 'failed'];
