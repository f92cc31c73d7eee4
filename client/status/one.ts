import type { Database } from '../../drizzle/database';
import { readAttempts, readInput, readSteps, type StepView } from '../../drizzle/rows/status';
import type { Attempt } from '../../drizzle/schema';

/** What is shown only of one migration: `lrm status <name>`. */
export interface OneMigration {
  /** In the order in which they began. */
  readonly steps: readonly StepView[];
  /** What it was registered with, as JSON; null: nothing. */
  readonly input: string | null;
  /** The latest first. */
  readonly attempts: readonly Attempt[];
}

export async function readOne(
  db: Database,
  name: string,
  attemptsAtMost: number,
): Promise<OneMigration> {
  return {
    input: await readInput(db, name),
    steps: await readSteps(db, name),
    attempts: await readAttempts(db, name, attemptsAtMost),
  };
}
