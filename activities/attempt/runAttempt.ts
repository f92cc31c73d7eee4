import { mayWrite } from '../../drizzle/rows/beat';
import type { Claimed } from '../../drizzle/rows/claim';
import { describeSessions, endSessions } from '../../drizzle/rows/sessions';
import type { FailedBatch } from '../../drizzle/schema';
import { sqlState } from '../../drizzle/sqlState';
import { describeCrash, describeExit } from '../../jobs/process/crash';
import type { Description } from '../../jobs/process/describeError';
import type { During, StopReason } from '../../jobs/process/messages';
import { type JobEnd, RunningJob } from '../../jobs/process/runningJob';
import { plainText } from '../../settings/plainText';
import { logOfJobs } from '../authorFields';
import type { Deps } from '../deps';
import { type AttemptLimits, ownLimit } from '../limits';
import type { AttemptMetrics } from '../metrics/metrics';
import type { AttemptTrace } from '../traces/traces';
import { Heartbeats } from './heartbeats';
import { attemptConnection } from './jobSessions';
import { olderSessionsGone } from './olderSessions';
import type { AttemptProgress } from './progress';
import { StopTimer } from './stopTimer';
import type { TemporalSide } from './temporalAttempt';

/** How an attempt ended. */
export type AttemptEnd =
  | { readonly kind: 'completed'; readonly usedDatabase: boolean }
  | { readonly kind: 'stopped'; readonly reason: StopReason }
  /** It was to run only where there is nothing to do, and could not: `why` continues 'left: '. */
  | { readonly kind: 'left'; readonly why: string }
  | {
      readonly kind: 'threw';
      readonly during: During;
      readonly error: Description;
      /** The batch that it comes from. Its keys may only be stored in our tables. */
      readonly batch?: FailedBatch | undefined;
      /** For the log alone: it may hold rows' values. */
      readonly detail?: string | undefined;
    };

/** One attempt of one migration. */
export interface AttemptRun {
  readonly file: string;
  /** Of the code that it runs. Undefined: it could not be read. */
  readonly jobHash: string | undefined;
  readonly claimed: Claimed;
  readonly limits: AttemptLimits;
  readonly throttled: boolean;
  /** True: a walk ends the attempt at the first row to do. */
  readonly onlyIfEmpty: boolean;
  /** performance.now() at the start of the activity, which is when Temporal's clock started. */
  readonly since: number;
  readonly progress: AttemptProgress;
  readonly metrics: AttemptMetrics;
  readonly trace: AttemptTrace;
}

/**
 * Runs a job in its own process. Returns when its thread and its database sessions are gone.
 * Heartbeats are sent from here until then, whatever the job does.
 */
export async function runAttempt(
  deps: Deps,
  run: AttemptRun,
  temporal: TemporalSide,
): Promise<AttemptEnd> {
  const { claimed, limits, progress } = run;
  const { attempt } = claimed;
  const { heartbeatTimeout } = limits;
  const log = deps.log.child({ migration: attempt.migration, attempt: attempt.number });
  let job: RunningJob | undefined;
  const stop = new StopTimer(limits.grace, (reason) => job?.askToStop(reason));
  stop.askOnAbort(temporal);
  stop.askAfter(ownLimit(limits) - (performance.now() - run.since));
  const { db } = deps;
  const beats = new Heartbeats({ db, log, attempt, heartbeatTimeout, progress, stop, temporal });
  try {
    await olderSessionsGone(deps, claimed, progress, stop);
    if (stop.reason) return { kind: 'stopped', reason: stop.reason };
    job = startJob(deps, run, log);
    beats.reach(job);
    const end = await Promise.race([job.ended, stop.graceOver]);
    await cleanUp(deps, run, job);
    return attemptEnd(end, stop.reason);
  } finally {
    beats.dispose();
    stop.dispose();
  }
}

function startJob(deps: Deps, run: AttemptRun, log: Deps['log']): RunningJob {
  const { claimed, limits, progress, metrics, trace } = run;
  const { attempt } = claimed;
  const called = claimed.direction === 'forward' ? 'run() called' : 'revert() called';
  const input = {
    task: 'run' as const,
    file: run.file,
    ...attemptConnection(deps.settings, attempt),
    databases: deps.settings.databases,
    origin: claimed.origin,
    input: claimed.input,
    direction: claimed.direction,
    checkpointVersion: claimed.checkpointVersion,
    unthrottled: !run.throttled,
    onlyIfEmpty: run.onlyIfEmpty,
    limitMs: Math.ceil(ownLimit(limits)),
    silentMs: limits.heartbeatTimeout,
    errorDetail: deps.settings.LRM_ERROR_DETAIL,
    traces: deps.traces.on,
  };
  return new RunningJob(deps.jobProcesses.start(input, limits.memoryLimitMb, run.jobHash), {
    running: () => log.debug({ durationMs: Math.round(performance.now() - run.since) }, called),
    progress: (news) => progress.update(news),
    batches: (news) => {
      metrics.batches(news);
      trace.batches(news);
    },
    progressed: () => {
      progress.progressed = true;
    },
    log: logOfJobs(log),
    isCurrent: (database) => mayWrite(deps.db, attempt, known(deps, database)),
  });
}

/** A job can send anything, and the name is stored. */
const known = ({ settings }: Deps, database: string | undefined): string | undefined =>
  database !== undefined && Object.hasOwn(settings.databases, database) ? database : undefined;

async function cleanUp(deps: Deps, run: AttemptRun, job: RunningJob): Promise<void> {
  const { attempt } = run.claimed;
  const of = { migration: attempt.migration, attempt: attempt.number };
  const ended = await job.terminate();
  // A statement goes on after its process has ended. One that run() did not await could commit after
  // the migration is called completed.
  try {
    const open = await endSessions(deps.db, [attempt.id]);
    if (open.length > 0) {
      deps.log.warn(of, `still open after the attempt: ${describeSessions(open)}`);
    }
  } catch (error) {
    const code = sqlState(error);
    deps.log.warn({ ...of, code }, 'could not look for the sessions of the attempt');
  }
  // SIGKILL takes effect only when the kernel lets the process go. There is nothing else to try.
  if (!ended) {
    deps.log.error(of, 'the process of the job does not end: it hangs in the kernel');
  }
}

function attemptEnd(end: JobEnd | undefined, asked: StopReason | undefined): AttemptEnd {
  // It was done before the request to stop arrived.
  if (end?.kind === 'returned' && !end.stopped) {
    return { kind: 'completed', usedDatabase: end.usedDatabase };
  }
  // What a job throws after that request is most likely its way to stop.
  if (asked) return { kind: 'stopped', reason: asked };
  if (end?.kind === 'hasRows') return { kind: 'left', why: plainText(`${end.over} has rows`) };
  if (end?.kind === 'failed') return { ...end, kind: 'threw' };
  if (end?.kind === 'crashed') {
    return { kind: 'threw', during: 'run', error: describeCrash(end.jobProcess) };
  }
  const code = end?.kind === 'exited' ? end.code : 0;
  return { kind: 'threw', during: 'run', error: describeExit(code) };
}
