/** One migration of the workload, with the table that it alone walks. */
export interface Piece {
  /** Of the migration. */
  readonly name: string;
  /** What its job does, like 'three lanes'. */
  readonly shape: string;
  /** In the schema `app`, without it. It needs no quotes. */
  readonly table: string;
  /** Its primary key, which the job walks along. */
  readonly key: readonly string[];
  /** Rows with owner 'base'. The job adds 1 to the column `n` of each. They are never deleted. */
  readonly rows: number;
  /** Of these, rows that the job must skip and record: `n` stays 0. */
  readonly bad: number;
  /**
   * False: the job leaves rows of owner 'application' alone. True: it also does those that are there
   * when it comes by, so their `n` is 0 or 1.
   */
  readonly doesApplicationRows: boolean;
  /** False: it does rows without ranges (a step, a checkpoint of its own, forEach). */
  readonly ranges: boolean;
  /** Outcomes that its attempts have without a fault: 'timed_out'. */
  readonly outcomes: readonly string[];
}

/**
 * Stands in each row's column `payload`, with the row's key behind it. It must never be seen outside
 * of the tables: not in logs, not in Temporal, not in error columns.
 */
export const ROW_VALUE = 'zq9-row-value-';
