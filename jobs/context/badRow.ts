/** So that a job's own copy of this package can be told, too. */
const BRAND = Symbol.for('long-running-migrations.BadRow');

/**
 * Thrown by the body of a batch: this row's data can't be migrated. With `onError: 'skip'` the row is
 * recorded and the walk goes on. Otherwise the migration fails. Thrown for a batch of several rows,
 * it makes the walk look for the bad ones among them.
 *
 * An outage is no bad row. If its `cause` (or the cause of that, and so on) is an error of a
 * connection, of Node (`ERR_…`, `E…`), of Postgres outside of the classes 22 and 23, an abort or a
 * timeout, then that error decides, and no row is recorded.
 * @example
 * const total = Number(row.total);
 * if (Number.isNaN(total)) throw new BadRow('total is not a number');
 */
export class BadRow extends Error {
  override readonly name = 'BadRow';
  /** As in Temporal's ApplicationFailure. Another attempt would find the same data. */
  readonly nonRetryable = true;
  readonly [BRAND] = true;
  /**
   * @param reason shown to operators and stored, cut at 400 characters. Put no row's values in it
   */
  constructor(reason: string, options?: { readonly cause?: unknown }) {
    super(String(reason), options);
  }
}

/** Whether a thrown value is a BadRow, of whatever copy of this package. */
export const isBadRow = (thrown: unknown): thrown is BadRow =>
  thrown instanceof Error && BRAND in thrown;
