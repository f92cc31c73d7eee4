import type { Database } from '../../drizzle/database';
import { beat, beatInterval } from '../../drizzle/rows/beat';
import type { FencedAttempt } from '../../drizzle/rows/fence';
import { sqlState } from '../../drizzle/sqlState';
import type { RunningJob } from '../../jobs/process/runningJob';
import type { Deps } from '../deps';
import type { AttemptProgress } from './progress';
import type { StopTimer } from './stopTimer';
import type { TemporalSide } from './temporalAttempt';

/** What a running attempt sends its heartbeats with. */
export interface HeartbeatParts {
  readonly db: Database;
  readonly log: Deps['log'];
  readonly attempt: FencedAttempt;
  readonly heartbeatTimeout: number;
  readonly progress: AttemptProgress;
  readonly stop: StopTimer;
  readonly temporal: Pick<TemporalSide, 'heartbeat'>;
}

/**
 * A broken connection may never answer. After this time another beat is tried, so that an operator's
 * request is still read. Milliseconds.
 */
const BEAT_WITHIN = 10_000;

/** Sends heartbeats to Temporal, to the job and to the rows, whatever the job does. */
export class Heartbeats {
  private readonly timer: NodeJS.Timeout;
  private lastBeat = performance.now();
  private writing = false;
  private job: RunningJob | undefined;

  constructor(private readonly parts: HeartbeatParts) {
    this.timer = setInterval(() => this.beat(), beatInterval(parts.heartbeatTimeout));
    this.send();
  }

  /** From now on the job gets heartbeats, too. */
  reach(job: RunningJob): void {
    this.job = job;
  }

  dispose(): void {
    clearInterval(this.timer);
  }

  private beat(): void {
    const now = performance.now();
    // This worker was frozen for longer than the timeout. Its successor may be at work already.
    if (now - this.lastBeat > this.parts.heartbeatTimeout) this.parts.stop.ask('lost by Temporal');
    this.lastBeat = now;
    this.job?.beat();
    this.send();
    // Statements must not pile up while the database is slow or away.
    if (!this.writing) void this.write();
  }

  private send(): void {
    const { temporal, progress } = this.parts;
    temporal.heartbeat(progress.heartbeat());
  }

  private async write(): Promise<void> {
    const { db, attempt, progress, stop, log } = this.parts;
    this.writing = true;
    try {
      const reason = await within(BEAT_WITHIN, beat(db, attempt, progress));
      if (reason) stop.ask(reason);
    } catch (error) {
      log.warn({ code: sqlState(error) }, 'could not write progress; will try again');
    } finally {
      this.writing = false;
    }
  }
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
