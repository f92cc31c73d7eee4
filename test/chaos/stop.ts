/**
 * A time in which nothing of a migration may take effect: `lrm` has said that it is stopped, and nobody
 * has let it go on yet. A transaction of its that `from` does not see, but `upto` does, breaks that
 * promise: `pg_visible_in_snapshot(xid, from)`.
 */
export interface Stop {
  readonly migration: string;
  /** pg_current_snapshot() as text, taken after the command's end. */
  readonly from: string;
  /** The same, taken before the command that lets it go on. */
  readonly upto: string;
}
