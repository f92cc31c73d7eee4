import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Attempt, Migration } from '../../drizzle/schema';
import type { RunResult } from '../../workflows/contract';
import type { TestServers } from './devServers';
import { waitFor } from './waitFor';

const RUN = 'long-running-migrations';

/** Registers migrations in this order, as an application's SQL does. */
export async function register(servers: TestServers, ...names: string[]): Promise<void> {
  for (const name of names) {
    await servers.sql`insert into long_running_migrations.migrations (name) values (${name})`;
  }
}

/** Reads a migration's row, with names in camel case. */
export async function migration(servers: TestServers, name: string): Promise<Migration> {
  const [row] =
    await servers.sql`select * from long_running_migrations.migrations where name = ${name}`;
  if (!row) throw new Error(`${name} is not registered`);
  return camelCased(row) as Migration;
}

/** Reads a migration's attempts in order. */
export async function attempts(servers: TestServers, name: string): Promise<Attempt[]> {
  const rows = await servers.sql`
    select * from long_running_migrations.attempts where migration = ${name} order by number`;
  return rows.map(camelCased) as Attempt[];
}

/** Starts a run, as `lrm run` does. */
export function startRun(servers: TestServers): Promise<WorkflowHandle> {
  return servers.client.workflow.start('executeLongRunningMigrations', {
    workflowId: RUN,
    taskQueue: RUN,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
}

/** Starts a run and waits for its result, even if it failed because migrations did. */
export async function runToEnd(servers: TestServers): Promise<RunResult> {
  return resultOf(await startRun(servers));
}

/** Waits for the result of a run, even if it failed because migrations did. */
export async function resultOf(run: WorkflowHandle): Promise<RunResult> {
  try {
    return (await run.result()) as RunResult;
  } catch (error) {
    const failure = error instanceof WorkflowFailedError ? error.cause : undefined;
    if (!(failure instanceof ApplicationFailure) || failure.type !== 'MigrationsFailed')
      throw error;
    return failure.details?.[0] as RunResult;
  }
}

/** Waits for a workflow's failure; undefined when it succeeded. */
export async function failureOf(run: WorkflowHandle): Promise<ApplicationFailure | undefined> {
  try {
    await run.result();
    return undefined;
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
    if (cause instanceof ApplicationFailure) return cause;
    throw error;
  }
}

/** The Current Details of the run in the Web UI. */
export async function currentDetails(servers: TestServers): Promise<string> {
  const run = servers.client.workflow.getHandle(RUN);
  const metadata = await run.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}

/** Waits until a migration's row meets the condition. */
export function waitForMigration(
  servers: TestServers,
  name: string,
  what: string,
  condition: (row: Migration) => boolean,
  deadline?: number,
): Promise<Migration> {
  return waitFor(
    `${name} to ${what}`,
    async () => {
      const row = await migration(servers, name);
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
