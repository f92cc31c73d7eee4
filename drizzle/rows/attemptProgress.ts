/** How far an attempt is, as stored in its rows. */
export interface ProgressRecord {
  /** Rows done by all attempts. */
  readonly done: number;
  /** Rows done by this attempt alone. */
  readonly doneHere: number;
  /** Rows in all; null when unknown. */
  readonly total: number | null;
  /** True once a batch, a checkpoint or a row was saved. */
  readonly progressed: boolean;
  /** Why it is waiting; null while it works. */
  readonly waitingFor: string | null;
  /** What it does apart from its walks; null while it does nothing else. */
  readonly step: string | null;
}
