import { beatInterval } from '../drizzle/rows/beat';
import type { Claimed } from '../drizzle/rows/claim';
import { readCatalog } from '../jobs/catalog';
import { inspectJob } from '../jobs/process/inspectJob';
import { claimInTurn, LATE, waitsFor } from './attempt/claimInTurn';
import { conclude, failed, retryIn } from './attempt/conclude';
import { AttemptProgress } from './attempt/progress';
import { type AttemptEnd, runAttempt } from './attempt/runAttempt';
import type { TemporalAttempt } from './attempt/temporalAttempt';
import type { RunMigrationInput, RunMigrationResult } from './contract';
import type { Deps } from './deps';
import { type AttemptLimits, limitsOf } from './limits';

/**
 * Runs one attempt of a migration.
 * @throws ApplicationFailure 'MigrationFailed', not retryable, when it has failed for good;
 *   ApplicationFailure 'AttemptRetried' with the delay to the next attempt;
 *   CancelledFailure when the run was cancelled or the activity paused in Temporal.
 */
export async function runMigration(
  deps: Deps,
  { name, throttled }: RunMigrationInput,
  temporal: TemporalAttempt,
): Promise<RunMigrationResult> {
  const since = performance.now();
  const file = (await readCatalog(deps.settings.LRM_JOBS_DIR)).files.get(name);
  if (!file) return leaveAsIs(deps, name, 'no file of this name on the worker that took it');
  // Before the claim: it takes a moment, and nobody beats for a claimed attempt meanwhile.
  const known = await withHeartbeats(temporal, () => limits(deps, file, temporal));

  const claimant = {
    migration: name,
    worker: deps.identity,
    runId: temporal.runId,
    scheduledAt: temporal.scheduledAt,
    heartbeatTimeout: temporal.heartbeatTimeout,
  };
  const found = await withHeartbeats(temporal, () =>
    claimInTurn(deps.db, claimant, temporal.signal),
  );
  switch (found.kind) {
    case 'unregistered':
      return leaveAsIs(deps, name, 'its row is gone');
    case 'late':
      deps.log.warn(
        { migration: name, scheduledAt: temporal.scheduledAt },
        'a late claim was refused',
      );
      // The slot is given back: others would wait for as long as that attempt lives.
      return leaveAsIs(deps, name, LATE);
    case 'waits': {
      const reason = waitsFor(found.open);
      deps.log.warn({ migration: name }, `${name} ${reason}`);
      throw retryIn(ASK_FOR_SESSIONS_EVERY, `${name} ${reason}`);
    }
    case 'ended':
      return endedBefore(name, found);
    case 'claimed':
      return attempt(deps, name, file, found, { known, since, throttled, temporal });
  }
}

function leaveAsIs(deps: Deps, name: string, reason: string): RunMigrationResult {
  deps.log.warn({ migration: name }, `left as it is: ${reason}`);
  return { outcome: 'left', reason };
}

/** Retried after its end was lost on the way, or settled by an operator. */
function endedBefore(
  name: string,
  found: { status: string; error: string | null },
): RunMigrationResult {
  switch (found.status) {
    case 'completed':
    case 'paused':
    case 'cancelled':
      return { outcome: found.status };
    default:
      throw failed(found.error ?? `${name} has failed before`);
  }
}

/** Each time the claim itself waits some seconds for them. Milliseconds. */
const ASK_FOR_SESSIONS_EVERY = 2_000;
/** Kept under start-to-close for telling Temporal. Milliseconds. */
const RESERVE = 500;
/** A supervisor gives a worker some 10 seconds more than its jobs' grace. Milliseconds. */
const PATIENCE_WHEN_STOPPED = 4_000;

/** The job's own limits, or how its code can't be run. */
type Known = { readonly kind: 'limits'; readonly limits: AttemptLimits } | AttemptEnd;

interface Course {
  readonly known: Known;
  readonly since: number;
  readonly throttled: boolean;
  readonly temporal: TemporalAttempt;
}

async function attempt(
  deps: Deps,
  migration: string,
  file: string,
  claimed: Claimed,
  { known, since, throttled, temporal }: Course,
): Promise<RunMigrationResult> {
  deps.log.info({ migration, attempt: claimed.number }, 'attempt begins');
  // Not waited for: a Temporal that is slow to answer must not keep the job waiting.
  void temporal.began(migration, claimed.number);
  const progress = new AttemptProgress(
    migration,
    claimed.number,
    claimed.rowsDone,
    claimed.rowsTotal,
  );
  const end =
    known.kind === 'limits'
      ? await runAttempt(
          deps,
          { migration, file, claimed, limits: known.limits, throttled, since, progress },
          temporal,
        )
      : known;
  const maxFailures =
    known.kind === 'limits' ? known.limits.maxFailures : deps.settings.LRM_MAX_FAILURES;
  const until = () => {
    // A worker that is to stop soon can't wait long.
    const patience = temporal.signal.aborted ? PATIENCE_WHEN_STOPPED : Number.POSITIVE_INFINITY;
    return Math.min(since + temporal.startToClose - RESERVE, endedAt + patience);
  };
  const endedAt = performance.now();
  const concluded = { migration, claimed, progress, end, maxFailures, until };
  return withHeartbeats(temporal, () => conclude(deps, concluded, temporal), progress);
}

/** Temporal must not take the worker for dead while a job is slow to load, or the database to answer. */
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

async function limits(deps: Deps, file: string, temporal: TemporalAttempt): Promise<Known> {
  const inspection = await inspectJob(file);
  switch (inspection.kind) {
    case 'unloadable':
      return { ...inspection, kind: 'threw', during: 'load' };
    case 'unfinished':
      // Not 'load', which fails at once: a machine under load may be slow to load it.
      return { kind: 'threw', during: 'run', error: inspection.error };
    case 'facts':
      break;
  }
  try {
    const own = limitsOf(deps.settings, inspection.facts.options);
    const startToClose = temporal.startToClose;
    const grace = Math.min(own.grace, startToClose / 4);
    const heartbeatTimeout = temporal.heartbeatTimeout;
    return { kind: 'limits', limits: { ...own, startToClose, grace, heartbeatTimeout } };
  } catch (error) {
    const message = error instanceof Error ? error.message : 'impossible options';
    return {
      kind: 'threw',
      during: 'load',
      error: { name: 'UsageError', origin: 'author', message, causes: [] },
    };
  }
}
