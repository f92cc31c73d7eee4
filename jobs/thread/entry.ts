import { eq, sql } from 'drizzle-orm';
import { COMMIT_DURABLY } from '../../drizzle/durable';
import { AttemptOutdated } from '../../drizzle/rows/superseded';
import { type Direction, type FailedBatch, migrations } from '../../drizzle/schema';
import { UsageError } from '../../settings/usageError';
import { type Attempt, fencedTransaction } from '../context/attempt';
import { BatchSample } from '../context/batchSample';
import { BatchTimes } from '../context/batchTimes';
import { Places } from '../context/elsewhere';
import { Tally } from '../context/walk/tally';
import { describeError } from '../process/describeError';
import { detailOf } from '../process/detail';
import type { InputProblem } from '../process/inputProblem';
import type {
  CheckInputsInput,
  During,
  ErrorDetail,
  Prepare,
  ReadyInput,
  RunInput,
  StopReason,
  ThreadInput,
  ToThread,
} from '../process/messages';
import { Checkpoint } from './checkpoint';
import { confirmElsewhere } from './confirmElsewhere';
import { createContext } from './context';
import { createDryRun } from './dryRun';
import { openDrySessions } from './drySessions';
import { checkInput, inputFor } from './input';
import { type LoadedJob, loadJob } from './load';
import { prepareFor } from './loadModule';
import { Mapping } from './map/mapping';
import { noticeWhatOutlives } from './outlives';
import { ourPort, send } from './port';
import { capturePrints, printed, sendLast } from './prints';
import { askReady } from './ready';
import { Reporter, threadLog } from './reporter';
import { openSessions } from './session';
import { verifyJob } from './verify';

/** `signal.reason` when the attempt is asked to stop. */
class StopRequested extends Error {
  override readonly name = 'StopRequested';
  constructor(readonly reason: StopReason) {
    super(`the attempt has to stop: ${reason}`);
  }
}

let errorDetail: ErrorDetail = 'safe';

const failed = (during: During) => (thrown: unknown, batch?: FailedBatch) =>
  sendLast({
    type: 'failed',
    during,
    batch,
    error: describeError(thrown),
    detail: errorDetail === 'full' ? detailOf(thrown) : undefined,
  });

// Errors in a timer, an event or a forgotten promise belong to this attempt, too.
process.on('uncaughtException', (thrown) => failed('elsewhere')(thrown));
process.on('unhandledRejection', (thrown) => failed('elsewhere')(thrown));

noticeWhatOutlives();
capturePrints();

let stop = new AbortController();

// A spare thread waits here, with everything loaded, for its task. Some get a further task when they
// have ended one, see SharedJobProcesses.
ourPort.on('message', (message: ThreadInput | ToThread | Prepare) => {
  if (!('task' in message)) {
    if (message.type === 'prepare') return prepareFor(message.like);
    return stop.abort(new StopRequested(message.reason));
  }
  errorDetail = message.errorDetail;
  if (message.task === 'inspect') void inspect(message.file);
  else if (message.task === 'checkInputs') void checkInputs(message);
  else if (message.task === 'ready') void answer(message);
  else void runJob(message);
});

async function inspect(file: string): Promise<void> {
  try {
    const { facts } = await loadJob(file);
    sendLast({ type: 'facts', facts });
  } catch (thrown) {
    failed('load')(thrown);
  }
}

async function checkInputs({ file, inputs }: CheckInputsInput): Promise<void> {
  let during: During = 'load';
  try {
    const { input: schema } = await loadJob(file);
    during = 'run';
    const problems: (readonly InputProblem[])[] = [];
    for (const input of inputs) {
      problems.push((await checkInput(schema, input ?? undefined)).problems);
    }
    sendLast({ type: 'inputsChecked', problems });
  } catch (thrown) {
    failed(during)(thrown);
  }
}

async function answer(input: ReadyInput): Promise<void> {
  let during: During = 'load';
  try {
    const job = await loadJob(input.file);
    during = 'run';
    // Its time begins: to load the file has taken its own.
    send({ type: 'running' });
    sendLast({ type: 'answer', reason: await askReady(job, input) });
  } catch (thrown) {
    failed(during)(thrown);
  }
}

async function runJob(input: RunInput): Promise<void> {
  const own = new AbortController();
  stop = own;
  const times = new BatchTimes(input.traces ? new BatchSample() : undefined);
  const reporter = new Reporter(times);
  const mapping = new Mapping(input.file, own.signal);
  let during: During = 'load';
  let walks: Tally | undefined;
  try {
    const job = await loadJob(input.file);
    const body = bodyOf(job, input.direction);
    const dry = input.dry && createDryRun(input.dry);
    const onLost = () => failed('elsewhere')(new AttemptOutdated(LOST));
    const sessions = dry ? openDrySessions(input, onLost, dry) : openSessions(input, onLost);
    const attempt: Attempt = {
      ...input.attempt,
      id: BigInt(input.attempt.id),
      direction: input.direction,
      db: sessions.ours,
      ddl: sessions.ddl,
      canary: sessions.canary,
      dry,
      signal: own.signal,
      log: threadLog(),
      unthrottled: input.unthrottled,
      hasRows: input.onlyIfEmpty ? hasRows : undefined,
      report: (progress) => reporter.report(progress),
      progressed: () => send({ type: 'progressed' }),
    };
    during = 'run';
    const given = await inputFor(attempt.migration, job.input, input.input);
    send({ type: 'running' });
    walks = new Tally(attempt);
    const checkpoint = new Checkpoint(attempt, input.checkpointVersion);
    const places = new Places(attempt, input.origin, sessions.others);
    const context = createContext(
      attempt,
      sessions,
      checkpoint,
      walks,
      mapping,
      given,
      places,
      times,
    );
    await body(context);
    // Read now: a stop request after this point comes too late to interrupt run().
    let stopped = own.signal.aborted;
    reporter.flush();
    if (!stopped) {
      walks.requireComplete();
      mapping.requireAwaited();
    }
    if (!stopped && !dry && input.direction === 'forward' && job.verify) {
      during = 'verify';
      // run() may have kept its context: verify() must not store anything by way of it either.
      walks.close();
      checkpoint.close();
      reporter.report({ step: 'verifying' });
      reporter.flush();
      await verifyJob(job.verify, context);
      mapping.requireAwaited('verify()');
      // It has passed: what fails from here on is no reason of verify().
      during = 'run';
      // A verify() that was asked to stop may have returned before it had looked at everything.
      stopped = own.signal.aborted;
    }
    if (!stopped && !dry) {
      await confirmElsewhere(sessions.others.used, await places.visited());
      if (sessions.used) await confirm({ ...attempt, db: sessions.atTheEnd });
    }
    await mapping.end();
    // Sent after the sessions have ended: a completed attempt has no session in the database.
    await sessions.end();
    await printed();
    send({ type: 'returned', stopped, usedDatabase: sessions.used });
  } catch (thrown) {
    reporter.flush();
    await printed();
    failed(during)(thrown, walks?.failedBatch(thrown));
  }
}

function bodyOf({ run, revert }: LoadedJob, direction: Direction): LoadedJob['run'] {
  if (direction === 'forward') return run;
  if (revert) return revert;
  throw new UsageError(
    "no function 'revert' is exported, so the migration can't be reverted; " +
      'write: export async function revert(job) { … }',
  );
}

/** Never returns: whatever the job would make of an error, it does nothing more. */
function hasRows(over: string): Promise<never> {
  sendLast({ type: 'hasRows', over });
  return new Promise(() => {});
}

const LOST =
  'a database session of the attempt was lost: its server restarted or failed over, or somebody ended it';

/** Makes sure that all commits of run() are on disk, and on the server where the attempt began. */
async function confirm(attempt: Attempt): Promise<void> {
  await fencedTransaction(attempt, async (tx) => {
    await tx.execute(COMMIT_DURABLY);
    await tx
      .update(migrations)
      .set({ updatedAt: sql`now()` })
      .where(eq(migrations.name, attempt.migration));
  });
}
