import type { Database } from '../../../drizzle/database';
import { type MigrationView, readMigrations } from '../../../drizzle/rows/status';
import { runCommand } from './command';
import { isPending } from './summary';

/**
 * Starts runs until nothing is pending, or only what no run can do: its code is missing, or it
 * waits for another that can't be done either.
 */
export async function runUntilDone(
  env: NodeJS.ProcessEnv,
  db: Database,
  heartbeatTimeout: number,
  signal: AbortSignal,
): Promise<MigrationView[]> {
  let before: string | undefined;
  for (;;) {
    const views = await readMigrations(db, heartbeatTimeout);
    const now = pending(views);
    // A run that changed nothing: the next one wouldn't either.
    if (now === '' || now === before) return views;
    before = now;
    await runCommand(env, ['run', '--wait'], signal);
  }
}

/** What is pending and how often it was tried, to be compared. */
const pending = (views: readonly MigrationView[]): string =>
  views
    .filter(isPending)
    .map(({ migration }) => `${migration.name} ${migration.attempts}`)
    .join();
