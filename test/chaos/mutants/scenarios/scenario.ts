import type { Stage } from '../stage/stage';
import type { StagedWorker } from '../stage/stagedWorker';

/** One interleaving that a mutant does not survive, and the unchanged build does. */
export interface Scenario {
  readonly name: string;
  /** What is broken in it, for the table. */
  readonly fault: string;
  /**
   * Plays it, until everything that was registered has ended or is stuck.
   * @throws Error when something that should happen has not
   */
  play(stage: Stage): Promise<void>;
}

/** The migration that a scenario is about. */
export const NAME = '0002_scenario';

/**
 * Lets another worker take over at once, without a word to this one: it is cut off from Temporal, where
 * its run is terminated and a new one is started. With `mend` of its wire it learns that.
 */
export async function takeOver(stage: Stage, from: StagedWorker): Promise<void> {
  // Refused and not only cut: a poll that stays open would be given the next attempt.
  from.temporal.refuse();
  await stage.client.workflow.getHandle('long-running-migrations').terminate();
  await stage.run();
}
