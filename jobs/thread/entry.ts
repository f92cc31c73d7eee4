import type { Attempt } from '../context/attempt';
import { createContext } from './context';
import { describe } from './describe';
import { loadJob } from './load';
import type { During, RunInput, StopReason, ThreadInput, ToThread } from './messages';
import { ourPort, tell } from './port';
import { Reporter, threadLog } from './reporter';
import { openSessions } from './session';

/** What `signal.reason` is once the attempt is to stop. */
class StopRequested extends Error {
  override readonly name = 'StopRequested';
  constructor(readonly reason: StopReason) {
    super(`the attempt is to stop: ${reason}`);
  }
}

const failed = (during: During) => (thrown: unknown) =>
  tell({ type: 'failed', during, error: describe(thrown) });

// What is thrown in a timer, an event or a forgotten promise belongs to this attempt as well.
process.on('uncaughtException', failed('elsewhere'));
process.on('unhandledRejection', failed('elsewhere'));

// Started ahead of time, it waits here, loaded, for what it is to do.
ourPort.once('message', (input: ThreadInput) => {
  if (input.task === 'inspect') void inspect(input.file);
  else void runJob(input);
});

async function inspect(file: string): Promise<void> {
  try {
    const { options, dependsOn } = await loadJob(file);
    tell({ type: 'facts', facts: { options, dependsOn } });
  } catch (thrown) {
    failed('load')(thrown);
  }
}

async function runJob(input: RunInput): Promise<void> {
  const stop = new AbortController();
  ourPort.on('message', ({ reason }: ToThread) => stop.abort(new StopRequested(reason)));
  const reporter = new Reporter();
  let during: During = 'load';
  try {
    const job = await loadJob(input.file);
    const sessions = openSessions(input);
    const attempt: Attempt = {
      migration: input.migration,
      id: BigInt(input.attemptId),
      number: input.number,
      db: sessions.db,
      signal: stop.signal,
      log: threadLog(),
      unthrottled: input.unthrottled,
      report: (progress) => reporter.report(progress),
      progressed: () => tell({ type: 'progressed' }),
    };
    during = 'run';
    tell({ type: 'running' });
    await job.run(createContext(attempt, sessions));
    // Taken now: asked to stop after this, run() had done its work all the same.
    const stopped = stop.signal.aborted;
    reporter.flush();
    // Told only when its sessions are gone: nothing of a completed attempt is left in the database.
    await sessions.end();
    await printed();
    tell({ type: 'returned', stopped });
  } catch (thrown) {
    reporter.flush();
    await printed();
    failed(during)(thrown);
  }
}

/** A terminal or pipe that takes nothing must not hold up the end. Milliseconds. */
const PRINTED_WITHIN = 500;

/** Waits until what the job has written to console is out: the process ends with the next message. */
async function printed(): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, PRINTED_WITHIN));
  const out = [process.stdout, process.stderr].map(
    (stream) => new Promise((resolve) => stream.write('', resolve)),
  );
  // A job may have put something else in their place, which throws.
  await Promise.race([Promise.all(out).catch(() => {}), late]);
}
