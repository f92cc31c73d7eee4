import { attemptOutcome } from '../../drizzle/schema';
import {
  BATCH_SECONDS,
  type BatchNews,
  type BatchPace,
  RETRIED,
} from '../../jobs/context/batchTimes';
import type { AttemptProgress } from '../attempt/progress';
import type { Instruments } from './instruments';
import type { AttemptMetrics, Outcome } from './metrics';
import { type WaitReason, waitReason } from './waitReason';

/** What the meter of an attempt needs. */
export interface AttemptMeterParts {
  readonly instruments: Instruments;
  /** The value of the label `migration`. */
  readonly migration: string;
  readonly progress: AttemptProgress;
  readonly onClose: (meter: AttemptMeter) => void;
}

const OUTCOMES: readonly Outcome[] = [...attemptOutcome.enumValues, 'unknown'];

/** Counts what one attempt does. */
export class AttemptMeter implements AttemptMetrics {
  /** How hard it works. Null: no walk runs. */
  pace: BatchPace | null = null;
  #rows = 0;
  #lookedAt = performance.now();
  /** Parts of seconds that are not counted yet: a counter takes whole numbers. */
  readonly #waited = new Map<WaitReason, number>();
  #outcome = false;

  constructor(private readonly parts: AttemptMeterParts) {
    const { rows, attempts, batchRetries } = parts.instruments;
    // Prometheus sees no increase in a counter that begins at 1.
    rows.add(0, this.#labels);
    for (const outcome of OUTCOMES) attempts.add(0, { ...this.#labels, outcome });
    for (const reason of RETRIED) batchRetries.add(0, { ...this.#labels, reason });
  }

  get migration(): string {
    return this.parts.migration;
  }

  batches({ times, retried, pace }: BatchNews): void {
    const { batchSeconds, batchRetries } = this.parts.instruments;
    this.pace = pace;
    for (const [bucket, count, seconds] of times) {
      // Each one as the mean of its bucket: counts and their sum are exact.
      const mean = Math.min(seconds / count, BATCH_SECONDS[bucket] ?? Number.POSITIVE_INFINITY);
      for (let each = 0; each < count; each++) batchSeconds.record(mean, this.#labels);
    }
    for (const [reason, count] of Object.entries(retried)) {
      batchRetries.add(count, { ...this.#labels, reason });
    }
  }

  /** To be called about once a second. */
  look(): void {
    const { instruments, progress } = this.parts;
    const rows = progress.doneHere - this.#rows;
    if (rows > 0) {
      instruments.rows.add(rows, this.#labels);
      this.#rows += rows;
    }
    const now = performance.now();
    const seconds = (now - this.#lookedAt) / 1_000;
    this.#lookedAt = now;
    if (progress.waitingFor !== null) this.#wait(waitReason(progress.waitingFor), seconds);
  }

  ended(outcome: Outcome, errorClass?: string): void {
    const { attempts, errors } = this.parts.instruments;
    this.#outcome = true;
    attempts.add(1, { ...this.#labels, outcome });
    if (errorClass) errors.add(1, { ...this.#labels, error_class: errorClass });
  }

  close(): void {
    this.look();
    // Its outcome could not be written, so the next claim will write one.
    if (!this.#outcome) this.ended('unknown');
    this.parts.onClose(this);
  }

  #wait(reason: WaitReason, seconds: number): void {
    const waited = (this.#waited.get(reason) ?? 0) + seconds;
    const whole = Math.floor(waited);
    this.#waited.set(reason, waited - whole);
    this.parts.instruments.waiting.add(whole, { ...this.#labels, reason });
  }

  get #labels() {
    return { migration: this.parts.migration };
  }
}
