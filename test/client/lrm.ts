import { type CommandResult, runLrm } from '../support/lrm';
import type { TestParts } from '../support/parts';

/** `lrm` with settings besides those of the test's parts. */
export const lrmWith =
  (parts: TestParts, extra: NodeJS.ProcessEnv) =>
  (...args: string[]): Promise<CommandResult> =>
    runLrm(parts.env(extra), args);

/** Goes on, a step each tenth of a second, until `gate` has a row. Resumes at its checkpoint. */
export const UNTIL_GATE_OPENS = `exports.run = async (job) => {
  for (let step = (await job.checkpoint()) ?? 0; ; step++) {
    job.signal.throwIfAborted();
    if ((await job.sql\`select from gate\`).length > 0) return;
    await job.saveCheckpoint(step);
    job.progress(step, 10_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};`;
