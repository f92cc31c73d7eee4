/** A batch that has committed, as a trace shows it. Without its keys, which are values of rows. */
export interface SampledBatch {
  readonly walk: string;
  readonly table: string;
  readonly rows: number;
  /** When it had committed. Milliseconds since 1970. */
  readonly endedAt: number;
  readonly ms: number;
  /** How many batches were done since the one before that is in the trace. */
  readonly leftOut: number;
}

/** So many batches of an attempt are all in its trace: most attempts are short. */
const FIRST = 100;
/** Afterwards one a second: a walk does up to a thousand, for days. Milliseconds. */
const EVERY = 1_000;

/** Chooses the batches that a trace shows. */
export class BatchSample {
  #chosen: SampledBatch[] = [];
  #room = FIRST;
  #leftOut = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds, of a clock that never goes back */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** @param walk called only for a batch that is chosen */
  took(ms: number, batch: () => Pick<SampledBatch, 'walk' | 'table' | 'rows'>): void {
    const now = this.now();
    if (this.#room <= 0 && now - this.#last < EVERY) {
      this.#leftOut += 1;
      return;
    }
    this.#room -= 1;
    this.#last = now;
    this.#chosen.push({ ...batch(), endedAt: Date.now(), ms, leftOut: this.#leftOut });
    this.#leftOut = 0;
  }

  /** What was chosen since the last call. */
  take(): readonly SampledBatch[] {
    if (this.#chosen.length === 0) return [];
    const chosen = this.#chosen;
    this.#chosen = [];
    return chosen;
  }
}
