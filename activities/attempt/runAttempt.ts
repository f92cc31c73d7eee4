import { setTimeout as sleep } from 'node:timers/promises';
import type { ActivityCancellationDetails as CancellationDetails } from '@temporalio/common';
import { beat, beatInterval, mayWrite } from '../../drizzle/rows/beat';
import type { Claimed } from '../../drizzle/rows/claim';
import { describeSessions, endSessions } from '../../drizzle/rows/sessions';
import { sqlState } from '../../drizzle/sqlState';
import { describeCrash, describeExit } from '../../jobs/process/crash';
import type { Description } from '../../jobs/process/describeError';
import type { During, StopReason } from '../../jobs/process/messages';
import { type JobEnd, RunningJob } from '../../jobs/process/runningJob';
import { plainText } from '../../settings/plainText';
import type { Deps } from '../deps';
import { type AttemptLimits, ownLimit } from '../limits';
import { waitsForSessions } from './claimInTurn';
import type { AttemptProgress, HeartbeatDetails } from './progress';

/** How an attempt ended. */
export type AttemptEnd =
  | { readonly kind: 'completed'; readonly usedDatabase: boolean }
  | { readonly kind: 'stopped'; readonly reason: StopReason }
  | {
      readonly kind: 'threw';
      readonly during: During;
      readonly error: Description;
      /** For the log alone: it may hold rows' values. */
      readonly detail?: string | undefined;
    };

/** What Temporal is told, and tells. */
export interface TemporalSide {
  heartbeat(details?: HeartbeatDetails): void;
  /** Aborted on cancellation, pause, reset, shutdown, or when Temporal no longer knows the attempt. */
  readonly signal: AbortSignal;
  readonly cancellation: () => CancellationDetails | undefined;
}

/** One attempt of one migration. */
export interface AttemptRun {
  readonly file: string;
  readonly claimed: Claimed;
  readonly limits: AttemptLimits;
  readonly throttled: boolean;
  /** performance.now() at the start of the activity: Temporal's clock has been running since. */
  readonly since: number;
  readonly progress: AttemptProgress;
}

/**
 * Runs a job in a thread of its own and returns when nothing of it is left: neither its process nor
 * its database sessions. Whatever the job does, heartbeats go out from here meanwhile.
 */
export async function runAttempt(
  deps: Deps,
  run: AttemptRun,
  temporal: TemporalSide,
): Promise<AttemptEnd> {
  const { claimed, limits, progress } = run;
  const { attempt } = claimed;
  const log = deps.log.child({ migration: attempt.migration, attempt: attempt.number });
  const stop = new StopTimer(limits.grace);
  let thread: RunningJob | undefined;

  stop.onAsked = (reason) => thread?.askToStop(reason);
  const onAbort = () => stop.ask(reasonOf(temporal.cancellation()));
  temporal.signal.addEventListener('abort', onAbort, { once: true });
  if (temporal.signal.aborted) onAbort();
  const left = ownLimit(limits) - (performance.now() - run.since);
  const limit = setTimeout(() => stop.ask('time limit'), Math.max(0, left));
  let beating = false;
  let lastBeat = performance.now();
  const beats = setInterval(() => {
    const now = performance.now();
    // Frozen for so long, this worker was taken for dead; its successor may be at work already.
    if (now - lastBeat > limits.heartbeatTimeout) stop.ask('lost by Temporal');
    lastBeat = now;
    thread?.beat();
    temporal.heartbeat(progress.heartbeat());
    // A database that is slow or gone must not pile up questions; heartbeats go on without it.
    if (beating) return;
    beating = true;
    within(BEAT_WITHIN, beat(deps.db, attempt, progress))
      .then((reason) => reason && stop.ask(reason))
      .catch((error) => log.warn({ code: error?.code }, 'could not write progress; will try again'))
      .finally(() => {
        beating = false;
      });
  }, beatInterval(limits.heartbeatTimeout));
  temporal.heartbeat(progress.heartbeat());

  try {
    await olderSessionsGone(deps, run, stop);
    if (stop.reason) return { kind: 'stopped', reason: stop.reason };
    thread = startJob(deps, run, log);
    const end = await Promise.race([thread.ended, stop.graceOver]);
    await cleanUp(deps, run, thread);
    return conclude(end, stop.reason);
  } finally {
    clearInterval(beats);
    clearTimeout(limit);
    stop.dispose();
    temporal.signal.removeEventListener('abort', onAbort);
  }
}

/** Between two looks at sessions that can't be ended. Milliseconds. */
const LOOK_EVERY = 1_000;

/** What an older attempt's session does may overlap with this one: that is waited for, and said. */
async function olderSessionsGone(deps: Deps, run: AttemptRun, stop: StopTimer): Promise<void> {
  const { claimed, progress } = run;
  const { migration } = claimed.attempt;
  let { open } = claimed;
  if (open.length > 0) deps.log.warn({ migration }, `${migration} ${waitsForSessions(open)}`);
  while (open.length > 0 && !stop.reason) {
    progress.update({ waitingFor: waitsForSessions(open) });
    await sleep(LOOK_EVERY);
    // A database that does not answer is asked again.
    open = await endSessions(deps.db, claimed.older).catch(() => open);
  }
  if (claimed.open.length > 0) progress.update({ waitingFor: null });
}

/** A connection that swallows what is sent must not keep an operator's word from being heard. Milliseconds. */
const BEAT_WITHIN = 10_000;

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Asks once, then gives the grace period. */
class StopTimer {
  reason: StopReason | undefined;
  onAsked: (reason: StopReason) => void = () => {};
  readonly graceOver: Promise<undefined>;
  private over: () => void = () => {};
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly grace: number) {
    this.graceOver = new Promise((resolve) => {
      this.over = () => resolve(undefined);
    });
  }

  ask(reason: StopReason): void {
    if (this.reason) return;
    this.reason = reason;
    this.onAsked(reason);
    // Superseded, it can't commit any more; lost, Temporal may hand the migration out at any moment.
    const hopeless = reason === 'superseded' || reason === 'lost by Temporal';
    this.timer = setTimeout(this.over, hopeless ? 0 : this.grace);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }
}

function startJob(deps: Deps, run: AttemptRun, log: Deps['log']): RunningJob {
  const { claimed, limits, progress } = run;
  const { attempt } = claimed;
  const input = {
    task: 'run' as const,
    file: run.file,
    databaseUrl: deps.settings.databaseUrl,
    attempt: { ...attempt, id: String(attempt.id) },
    checkpointVersion: claimed.checkpointVersion,
    unthrottled: !run.throttled,
    limitMs: Math.ceil(ownLimit(limits)),
    silentMs: limits.heartbeatTimeout,
  };
  return new RunningJob(deps.jobProcesses.start(input, limits.memoryLimitMb), {
    running: () => log.debug({ ms: Math.round(performance.now() - run.since) }, 'run() called'),
    progress: (news) => progress.update(news),
    progressed: () => {
      progress.progressed = true;
    },
    // On a terminal the log is no JSON.
    log: (level, message, fields) => log[level](fields, plainText(message)),
    isCurrent: () => mayWrite(deps.db, attempt),
  });
}

async function cleanUp(deps: Deps, run: AttemptRun, thread: RunningJob): Promise<void> {
  const { attempt } = run.claimed;
  const { migration } = attempt;
  const ended = await thread.terminate();
  // A statement goes on without the thread that sent it; and one that run() left behind could
  // otherwise commit after the migration is called completed.
  try {
    const open = await endSessions(deps.db, [attempt.id]);
    if (open.length > 0) {
      deps.log.warn({ migration }, `still there after the attempt: ${describeSessions(open)}`);
    }
  } catch (error) {
    deps.log.warn(
      { migration, code: sqlState(error) },
      'could not look for the attempt’s sessions',
    );
  }
  // Nothing more can be done: it hears no SIGKILL before the kernel lets it go.
  if (!ended)
    deps.log.error({ migration }, 'the job’s process does not end; it waits in the kernel');
}

function conclude(end: JobEnd | undefined, asked: StopReason | undefined): AttemptEnd {
  // It had done its work before it heard of the stop.
  if (end?.kind === 'returned' && !end.stopped) {
    return { kind: 'completed', usedDatabase: end.usedDatabase };
  }
  // What it threw while it was being stopped is of the stopping.
  if (asked) return { kind: 'stopped', reason: asked };
  if (end?.kind === 'failed') return { ...end, kind: 'threw' };
  if (end?.kind === 'crashed') {
    return { kind: 'threw', during: 'run', error: describeCrash(end.jobProcess) };
  }
  const code = end?.kind === 'exited' ? end.code : 0;
  return { kind: 'threw', during: 'run', error: describeExit(code) };
}

function reasonOf(details: CancellationDetails | undefined): StopReason {
  if (details?.cancelRequested) return 'run cancelled';
  if (details?.paused) return 'paused in Temporal';
  if (details?.reset) return 'reset in Temporal';
  if (details?.workerShutdown) return 'worker shutdown';
  // Timed out or not found.
  return 'lost by Temporal';
}
