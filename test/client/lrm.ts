import type { TestServers } from '../support/devServers';
import { type CommandResult, runLrm } from '../support/lrm';

/** `lrm` with settings besides those of the test's servers. */
export const lrmWith =
  (servers: TestServers, extra: NodeJS.ProcessEnv) =>
  (...args: string[]): Promise<CommandResult> =>
    runLrm(servers.env(extra), args);

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
