import { setTimeout as sleep } from 'node:timers/promises';
import type { TestServers } from '../support/devServers';
import { type CommandResult, runLrm } from '../support/lrm';

/** `lrm` with more settings than those of the test's servers. */
export const lrmWith =
  (servers: TestServers, extra: NodeJS.ProcessEnv) =>
  (...args: string[]): Promise<CommandResult> =>
    runLrm(servers.env(extra), args);

/** Fails if `command` takes longer than anybody would wait. */
export async function answersInTime<T>(what: string, command: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = sleep(DEADLINE, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} has not ended within ${DEADLINE / 1000} s`);
  });
  try {
    return await Promise.race([command, late]);
  } finally {
    timer.abort();
    await late.catch(() => {});
  }
}

/** Long enough for a busy machine. Milliseconds. */
const DEADLINE = 30_000;

/** A job that makes ten steps per second until the table `gate` has a row. It resumes at its checkpoint. */
export const UNTIL_GATE_OPENS = `exports.run = async (job) => {
  for (let step = (await job.checkpoint()) ?? 0; ; step++) {
    job.signal.throwIfAborted();
    if ((await job.sql\`select from gate\`).length > 0) return;
    await job.saveCheckpoint(step);
    job.progress(step, 10_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};`;
