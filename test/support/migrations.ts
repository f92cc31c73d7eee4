import type { WorkflowHandle } from '@temporalio/client';
import type { Attempt, Migration } from '../../drizzle/schema';
import type { RunResult } from '../../workflows/contract';
import type { TestParts } from './parts';
import { waitFor } from './waitFor';

const RUN = 'long-running-migrations';

/** Registers migrations the way a user's SQL does, in this order. */
export async function register(parts: TestParts, ...names: string[]): Promise<void> {
  for (const name of names) {
    await parts.sql`insert into long_running_migrations.migrations (name) values (${name})`;
  }
}

/** A row as it stands, camelCased. */
export async function migration(parts: TestParts, name: string): Promise<Migration> {
  const [row] =
    await parts.sql`select * from long_running_migrations.migrations where name = ${name}`;
  if (!row) throw new Error(`${name} is not registered`);
  return camelCased(row) as Migration;
}

/** A migration's attempts in order. */
export async function attempts(parts: TestParts, name: string): Promise<Attempt[]> {
  const rows = await parts.sql`
    select * from long_running_migrations.attempts where migration = ${name} order by number`;
  return rows.map(camelCased) as Attempt[];
}

/** Starts a run, as `lrm run` does. */
export function startRun(parts: TestParts): Promise<WorkflowHandle> {
  return parts.client.workflow.start('executeLongRunningMigrations', {
    workflowId: RUN,
    taskQueue: RUN,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
}

/** Starts a run and waits for its result. */
export async function runToEnd(parts: TestParts): Promise<RunResult> {
  return (await (await startRun(parts)).result()) as RunResult;
}

/** Waits until a migration's row says so. */
export function waitForMigration(
  parts: TestParts,
  name: string,
  what: string,
  condition: (row: Migration) => boolean,
  deadline?: number,
): Promise<Migration> {
  return waitFor(
    `${name} to ${what}`,
    async () => {
      const row = await migration(parts, name);
      return condition(row) && row;
    },
    deadline,
  );
}

function camelCased(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}
