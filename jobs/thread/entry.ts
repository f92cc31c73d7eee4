import { eq, sql } from 'drizzle-orm';
import { COMMIT_DURABLY } from '../../drizzle/durable';
import { AttemptOutdated } from '../../drizzle/rows/superseded';
import { migrations } from '../../drizzle/schema';
import { type Attempt, fencedTransaction } from '../context/attempt';
import { Tally } from '../context/walk/tally';
import { describeError } from '../process/describeError';
import { detailOf } from '../process/detail';
import type {
  During,
  ErrorDetail,
  RunInput,
  StopReason,
  ThreadInput,
  ToThread,
} from '../process/messages';
import { Checkpoint } from './checkpoint';
import { createContext } from './context';
import { loadJob } from './load';
import { ourPort, send } from './port';
import { Reporter, threadLog } from './reporter';
import { openSessions } from './session';

/** What `signal.reason` is once the attempt is to stop. */
class StopRequested extends Error {
  override readonly name = 'StopRequested';
  constructor(readonly reason: StopReason) {
    super(`the attempt is to stop: ${reason}`);
  }
}

let errorDetail: ErrorDetail = 'safe';

const failed = (during: During) => (thrown: unknown) =>
  send({
    type: 'failed',
    during,
    error: describeError(thrown),
    detail: errorDetail === 'full' ? detailOf(thrown) : undefined,
  });

// What is thrown in a timer, an event or a forgotten promise belongs to this attempt as well.
process.on('uncaughtException', failed('elsewhere'));
process.on('unhandledRejection', failed('elsewhere'));

// Started ahead of time, it waits here, loaded, for what it is to do.
ourPort.once('message', (input: ThreadInput) => {
  errorDetail = input.errorDetail;
  if (input.task === 'inspect') void inspect(input.file);
  else void runJob(input);
});

async function inspect(file: string): Promise<void> {
  try {
    const { options, dependsOn } = await loadJob(file);
    send({ type: 'facts', facts: { options, dependsOn } });
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
    const sessions = openSessions(input, () => failed('elsewhere')(new AttemptOutdated(LOST)));
    const attempt: Attempt = {
      ...input.attempt,
      id: BigInt(input.attempt.id),
      db: sessions.db,
      signal: stop.signal,
      log: threadLog(),
      unthrottled: input.unthrottled,
      report: (progress) => reporter.report(progress),
      progressed: () => send({ type: 'progressed' }),
    };
    during = 'run';
    send({ type: 'running' });
    const walks = new Tally(attempt);
    const checkpoint = new Checkpoint(attempt, input.checkpointVersion);
    await job.run(createContext(attempt, sessions, checkpoint, walks));
    // Taken now: asked to stop after this, run() had done its work all the same.
    const stopped = stop.signal.aborted;
    reporter.flush();
    if (!stopped) {
      walks.requireComplete();
      if (sessions.used) await confirm(attempt);
    }
    // Told only when its sessions are gone: nothing of a completed attempt is left in the database.
    await sessions.end();
    await printed();
    send({ type: 'returned', stopped, usedDatabase: sessions.used });
  } catch (thrown) {
    reporter.flush();
    await printed();
    failed(during)(thrown);
  }
}

const LOST =
  'a database session of the attempt was lost: its server restarted or failed over, or somebody ended it';

/** All that run() has committed is there, on the server where the attempt began, and on disk. */
async function confirm(attempt: Attempt): Promise<void> {
  await fencedTransaction(attempt, async (tx) => {
    await tx.execute(COMMIT_DURABLY);
    await tx
      .update(migrations)
      .set({ updatedAt: sql`now()` })
      .where(eq(migrations.name, attempt.migration));
  });
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
