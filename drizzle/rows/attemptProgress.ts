/** How far an attempt is, as its rows keep it. */
export interface ProgressRecord {
  /** Rows done by all attempts. */
  readonly done: number;
  /** Rows done by this attempt alone. */
  readonly doneHere: number;
  /** Rows there are to do; null where nobody knows. */
  readonly total: number | null;
  /** True once anything was kept: a batch, a checkpoint, a row more. */
  readonly progressed: boolean;
  /** Why it isn't working just now; null when it works. */
  readonly waitingFor: string | null;
}
