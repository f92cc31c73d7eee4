import type { BatchSample, SampledBatch } from './batchSample';

/** The upper ends of what batches' times are counted in. A longer one counts in one more. Seconds. */
export const BATCH_SECONDS: readonly number[] = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60,
];

/**
 * Why a batch was tried again: it met a timeout; it was in another transaction's way; a row's data
 * was wrong, and the batch was cut to find it.
 */
export const RETRIED = ['timeout', 'conflict', 'data'] as const;
export type Retried = (typeof RETRIED)[number];

/** What the batches of an attempt have been since the last news. */
export interface BatchNews {
  /** By bucket of {@link BATCH_SECONDS}: how many, and how long they took together in seconds. */
  readonly times: readonly (readonly [bucket: number, count: number, seconds: number])[];
  readonly retried: Readonly<Partial<Record<Retried, number>>>;
  /** Those that a trace shows. Left out: none. */
  readonly sampled?: readonly SampledBatch[] | undefined;
  /** How hard the walks work that run now. Null: none runs. */
  readonly pace: BatchPace | null;
}

export interface BatchPace {
  /** Batches at a time, of all walks together. */
  readonly lanes: number;
  /** How long a batch is to keep the database busy: the longest of all walks. */
  readonly batchSeconds: number;
  /** The factor that the application is slowed down by. Null: not measured, or nobody is there. */
  readonly slowdown: number | null;
}

/** Counts batches where they run: a message for each one would cost as much as a short batch. */
export class BatchTimes {
  readonly #counts = new Float64Array(BATCH_SECONDS.length + 1);
  readonly #seconds = new Float64Array(BATCH_SECONDS.length + 1);
  readonly #walks = new Set<() => BatchPace>();
  #retried: Partial<Record<Retried, number>> = {};
  #hasNews = false;

  /** @param sample undefined: there are no traces */
  constructor(private readonly sample?: BatchSample) {}

  /** Counts a batch that has committed. @param batch called only if a trace shows it */
  took(ms: number, batch: () => Pick<SampledBatch, 'walk' | 'table' | 'rows'>): void {
    this.sample?.took(ms, batch);
    const seconds = ms / 1_000;
    let bucket = 0;
    while (bucket < BATCH_SECONDS.length && seconds > (BATCH_SECONDS[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#seconds[bucket] = (this.#seconds[bucket] as number) + seconds;
    this.#hasNews = true;
  }

  /** Counts a batch that was rolled back and is tried again. */
  retried(why: Retried): void {
    this.#retried[why] = (this.#retried[why] ?? 0) + 1;
    this.#hasNews = true;
  }

  /** Does a walk whose pace counts meanwhile. */
  async during<T>(pace: () => BatchPace, walk: () => Promise<T>): Promise<T> {
    this.#walks.add(pace);
    try {
      return await walk();
    } finally {
      this.#walks.delete(pace);
      this.#hasNews = true;
    }
  }

  /** What has been since the last call. Undefined: nothing. */
  take(): BatchNews | undefined {
    if (!this.#hasNews) return undefined;
    const times = [...this.#counts]
      .map((count, bucket) => [bucket, count, this.#seconds[bucket] as number] as const)
      .filter(([, count]) => count > 0);
    const sampled = this.sample?.take();
    const news = { times, retried: this.#retried, sampled, pace: this.#pace() };
    this.#counts.fill(0);
    this.#seconds.fill(0);
    this.#retried = {};
    this.#hasNews = false;
    return news;
  }

  #pace(): BatchPace | null {
    const paces = [...this.#walks].map((pace) => pace());
    if (paces.length === 0) return null;
    const slowdowns = paces.flatMap(({ slowdown }) => (slowdown === null ? [] : [slowdown]));
    return {
      lanes: paces.reduce((sum, { lanes }) => sum + lanes, 0),
      batchSeconds: Math.max(...paces.map(({ batchSeconds }) => batchSeconds)),
      slowdown: slowdowns.length > 0 ? Math.max(...slowdowns) : null,
    };
  }
}
