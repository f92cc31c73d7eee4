import type { Database } from '../../drizzle/database';
import { readAttempts, readSteps, type StepView } from '../../drizzle/rows/status';
import type { Attempt } from '../../drizzle/schema';

/** What is shown only of one migration: `lrm status <name>`. */
export interface OneMigration {
  /** In the order in which they began. */
  readonly steps: readonly StepView[];
  /** The latest first. */
  readonly attempts: readonly Attempt[];
}

export async function readOne(
  db: Database,
  name: string,
  attemptsAtMost: number,
): Promise<OneMigration> {
  return {
    steps: await readSteps(db, name),
    attempts: await readAttempts(db, name, attemptsAtMost),
  };
}
