import type { Database } from '../../../drizzle/database';
import { isPending, type MigrationView, readMigrations } from '../../../drizzle/rows/status';
import { runCommand } from './command';

/**
 * Starts runs until nothing is pending, or until no run can change anything: the pending migrations
 * have no code, or wait for another migration that can't run.
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
    // The last run changed nothing, so the next one would not either.
    if (now === '' || now === before) return views;
    before = now;
    await runCommand(env, ['run', '--wait'], signal);
  }
}

/** The pending migrations with their number of attempts, for comparison. */
const pending = (views: readonly MigrationView[]): string =>
  views
    .filter(isPending)
    .map(({ migration }) => `${migration.name} ${migration.attempts}`)
    .join();
