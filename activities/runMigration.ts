import { beatInterval } from '../drizzle/rows/beat';
import type { Claimant, Claimed } from '../drizzle/rows/claim';
import { readInstallationId } from '../drizzle/rows/installation';
import { jobChangedText } from '../drizzle/rows/jobFile';
import { writeWaitsFor } from '../drizzle/rows/waitsFor';
import { fileOf, readCatalog } from '../jobs/catalog';
import { hashOfJob } from '../jobs/jobHash';
import { claimInTurn, LATE, waitsForSessions } from './attempt/claimInTurn';
import { conclude } from './attempt/conclude';
import { failed, retryIn } from './attempt/failures';
import { leftUnlessCompleted } from './attempt/leftUnlessCompleted';
import { AttemptProgress } from './attempt/progress';
import { type KnownLimits, readLimits } from './attempt/readLimits';
import { type AttemptEnd, runAttempt } from './attempt/runAttempt';
import type { TemporalAttempt } from './attempt/temporalAttempt';
import type { RunMigrationInput, RunMigrationResult } from './contract';
import type { Deps } from './deps';
import { inspect } from './inspect';
import { whyNotYet } from './whyNotYet';

/** Between two claims that wait for sessions. Each claim itself waits for some seconds. Milliseconds. */
const ASK_FOR_SESSIONS_EVERY = 2_000;
/** Time before start-to-close in which to answer Temporal. Milliseconds. */
const RESERVE = 500;
/** The signal that shows an attempt as running costs more than a short attempt. Milliseconds. */
const SHOWN_AFTER = 250;

/**
 * Runs one attempt of a migration.
 * @throws ApplicationFailure 'MigrationFailed', not retryable, when the migration has failed;
 *   ApplicationFailure 'AttemptRetried' with the delay to the next attempt;
 *   CancelledFailure when the run was cancelled or the activity paused in Temporal.
 */
export async function runMigration(
  deps: Deps,
  { name, throttled, installation, onlyIfEmpty = false, regardless = false }: RunMigrationInput,
  temporal: TemporalAttempt,
): Promise<RunMigrationResult> {
  const since = performance.now();
  const { files } = await readCatalog(deps.settings.LRM_JOBS_DIR);
  const file = fileOf(files, name);
  if (!file) return leaveAsIs(deps, name, 'no file of this name on the worker that took it');
  const isListed = await withHeartbeats(temporal, () => isOf(deps, installation));
  if (!isListed) return leaveAsIs(deps, name, OTHER_DATABASE);
  // Before the claim: loading a job takes time, and a claimed attempt needs heartbeats.
  const inspection = await withHeartbeats(temporal, () => inspect(deps, file));
  const known = readLimits(deps, inspection, temporal);
  const reason = regardless
    ? null
    : await withHeartbeats(temporal, () =>
        whyNotYet(deps, name, file, inspection, temporal.signal),
      );
  if (reason !== null) {
    await writeWaitsFor(deps.db, [name], reason);
    return leaveAsIs(deps, name, reason);
  }
  const jobHash = await hashOfJob(file, deps.settings.LRM_JOBS_DIR);
  const claimant = { ...claimantOf(deps, name, temporal), jobHash };
  const claim = await withHeartbeats(temporal, () =>
    claimInTurn(deps.db, claimant, temporal.signal),
  );
  switch (claim.kind) {
    case 'unregistered':
      return leaveAsIs(deps, name, 'its row is gone');
    case 'late':
      deps.log.warn(
        { migration: name, scheduledAt: temporal.scheduledAt },
        'a late claim was refused',
      );
      // This frees the slot, which other migrations may need while the current attempt lives.
      return leaveAsIs(deps, name, LATE);
    case 'waits': {
      const reason = waitsForSessions(claim.open);
      deps.log.warn({ migration: name }, `${name} ${reason}`);
      throw retryIn(ASK_FOR_SESSIONS_EVERY, `${name} ${reason}`);
    }
    case 'ended':
      return endedBefore(name, claim);
    case 'claimed':
      return runClaimed(
        deps,
        claim,
        { file, jobHash, known, throttled, onlyIfEmpty, since },
        temporal,
      );
  }
}

const OTHER_DATABASE =
  'the worker that took it uses another database than the listing; all workers of a task queue ' +
  'need the same DATABASE_URL';

const isOf = async ({ db }: Deps, installation: string | undefined): Promise<boolean> =>
  installation === undefined || installation === (await readInstallationId(db));

function claimantOf(deps: Deps, migration: string, temporal: TemporalAttempt): Claimant {
  const { runId, scheduledAt, heartbeatTimeout } = temporal;
  return { migration, worker: deps.identity, runId, scheduledAt, heartbeatTimeout };
}

function leaveAsIs(deps: Deps, name: string, reason: string): RunMigrationResult {
  deps.log.warn({ migration: name }, `not started: ${reason}`);
  return { outcome: 'left', reason };
}

/** Temporal did not get the result of the last attempt, or an operator has changed the row since. */
function endedBefore(
  name: string,
  { status, error }: { status: string; error: string | null },
): RunMigrationResult {
  switch (status) {
    case 'completed':
    case 'reverted':
    case 'paused':
    case 'cancelled':
      return { outcome: status };
    default:
      throw failed(error ?? `${name} has failed before`);
  }
}

const LOST_ATTEMPTS =
  'Temporal has seen later attempts than the database counts: it was restored or has lost its last ' +
  'commits, it is a copy (is DATABASE_URL right?), or the migration was registered anew; this ' +
  'attempt goes on from what is stored (docs/disaster.md)';

const TO_BE_REVERTED: AttemptEnd = { kind: 'left', why: 'it is to be reverted' };

/** What a claimed attempt needs besides its claim. */
interface Course {
  readonly file: string;
  readonly jobHash: string | undefined;
  readonly known: KnownLimits;
  readonly throttled: boolean;
  readonly onlyIfEmpty: boolean;
  /** performance.now() at the start of the activity, which is when Temporal's clock started. */
  readonly since: number;
}

async function runClaimed(
  deps: Deps,
  claimed: Claimed,
  { file, jobHash, known, throttled, onlyIfEmpty, since }: Course,
  temporal: TemporalAttempt,
): Promise<RunMigrationResult> {
  const { attempt, direction, rowsDone, rowsTotal, jobChangedSince } = claimed;
  deps.log.info(
    { migration: attempt.migration, attempt: attempt.number },
    direction === 'forward' ? 'attempt begins' : 'attempt to revert begins',
  );
  if (temporal.seen !== undefined && temporal.seen >= attempt.number) {
    deps.log.warn(
      { migration: attempt.migration, attempt: attempt.number, seen: temporal.seen },
      LOST_ATTEMPTS,
    );
  }
  const note = jobChangedSince === null ? undefined : jobChangedText(jobChangedSince);
  // Of the attempts after this one only the status says it.
  if (note && jobChangedSince === attempt.number - 1) {
    deps.log.warn({ migration: attempt.migration, attempt: attempt.number }, note);
  }
  // Not awaited: the job must not wait when Temporal is slow to answer.
  const began = setTimeout(
    () => void temporal.began(attempt.migration, attempt.number),
    SHOWN_AFTER,
  );
  const progress = new AttemptProgress({ ...attempt, direction, note }, rowsDone, rowsTotal);
  const metrics = deps.metrics.begin(attempt.migration, progress);
  const trace = deps.traces.begin({ ...attempt, direction });
  const run = async () => {
    // `lrm revert` may have come after the listing. A command that completes what has nothing to do
    // must not undo anything.
    if (onlyIfEmpty && direction === 'revert') return TO_BE_REVERTED;
    if (known.kind !== 'limits') return known;
    const { limits } = known;
    const ofAll = { progress, metrics, trace };
    const course = { file, jobHash, claimed, limits, throttled, onlyIfEmpty, since, ...ofAll };
    return runAttempt(deps, course, temporal);
  };
  try {
    const ended = await run().finally(() => clearTimeout(began));
    const end = onlyIfEmpty ? leftUnlessCompleted(ended) : ended;
    const maxFailures =
      known.kind === 'limits' ? known.limits.maxFailures : deps.settings.LRM_MAX_FAILURES;
    const deadline = since + temporal.startToClose - RESERVE;
    const concluded = {
      attempt,
      direction,
      progress,
      metrics,
      trace,
      since,
      end,
      maxFailures,
      deadline,
    };
    return await withHeartbeats(temporal, () => conclude(deps, concluded, temporal), progress);
  } finally {
    metrics.close();
    trace.end();
  }
}

/** Keeps Temporal from giving up the attempt while a job is slow to load or the database to answer. */
async function withHeartbeats<T>(
  temporal: TemporalAttempt,
  work: () => Promise<T>,
  progress?: AttemptProgress,
): Promise<T> {
  const beat = () => temporal.heartbeat(progress?.heartbeat());
  const beats = setInterval(beat, beatInterval(temporal.heartbeatTimeout));
  try {
    return await work();
  } finally {
    clearInterval(beats);
  }
}
