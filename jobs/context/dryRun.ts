/** A batch of a dry run, which was rolled back. */
export interface DryBatch {
  /** The walk's name; null: a transaction of the job's own. */
  readonly walk: string | null;
  /** The table's name, or 'items'. */
  readonly over: string;
  /** Rows passed, and those of them that match the walk's `where`. */
  readonly rows: number;
  readonly matching: number;
  /** How long it took without its COMMIT. Milliseconds. */
  readonly ms: number;
  /** Rows of the whole walk, estimated; null when unknown. */
  readonly total: number | null;
  /** Batches at a time, and the share of the time that each lane works. */
  readonly lanes: number;
  readonly dutyCycle: number;
}

/** `lrm dry-run`: an attempt whose transactions are all rolled back, and which ends after some batches. */
export interface DryRun {
  /** Counts a batch. After the last one it never returns. */
  batch(done: DryBatch): Promise<void>;
  /** Says that what comes can't be rolled back. It never returns unless the operator allows that. */
  sideEffect(what: string): Promise<void>;
  /** Looks at the plans of the statements that `body` sends in its transaction. */
  watch<T>(body: () => T): T;
}

/** What a dry run counts of a call of forEach's body. */
export interface EachCall {
  readonly walk: string;
  readonly over: string;
  readonly total: number | null;
  readonly rows: number;
  readonly lanes: number;
}

/** Calls the body of a forEach. In a dry run, if that is allowed, it counts as a batch. */
export async function callEach(
  dry: DryRun | undefined,
  call: EachCall,
  body: () => Promise<unknown>,
): Promise<void> {
  await dry?.sideEffect('forEach calls its body outside of transactions');
  const begun = performance.now();
  await body();
  const ms = performance.now() - begun;
  await dry?.batch({ ...call, matching: call.rows, ms, dutyCycle: 1 });
}
