import { inspect } from 'node:util';
import { BadRow } from '../context/badRow';
import type { Description } from './describeError';

/**
 * An error that was thrown in another thread of the job, and described there. So its kind, its code,
 * its causes and its place are still known here.
 */
export class DescribedError extends Error {
  override readonly name: string;
  /** SQLSTATE or another code, by which a batch is tried again. */
  readonly code: string | undefined;
  readonly nonRetryable: true | undefined;
  /** Further causes, as of an AggregateError. */
  readonly errors: readonly Error[];
  /** Private, since it may hold row values: a logger that writes all properties must not find it. */
  readonly #detail: string | undefined;

  /** @param detail the whole error, for LRM_ERROR_DETAIL=full and for console.log() */
  constructor(
    readonly description: Description,
    detail?: string,
  ) {
    const [cause, ...errors] = description.causes.map((each) => rebuild(each));
    super(description.message, { cause });
    this.name = description.name;
    this.code = description.code;
    this.nonRetryable = description.nonRetryable;
    this.errors = errors;
    this.#detail = detail;
    // By these, an error of Postgres is known, and whether it is about the data.
    if (description.origin === 'postgres') {
      const { table, column, constraint } = description;
      const names = { table_name: table, column_name: column, constraint_name: constraint };
      Object.assign(this, { severity: 'ERROR', ...names });
    }
  }

  [inspect.custom](): string | undefined {
    return this.#detail ?? this.stack;
  }
}

/** A BadRow of another thread, so that the walk can leave out its row. */
export class DescribedBadRow extends BadRow {
  constructor(readonly description: Description) {
    super(description.message ?? '', { cause: description.causes.map((each) => rebuild(each))[0] });
  }
}

/** Makes an Error of what was described in another thread. */
export function rebuild(description: Description, detail?: string): Error {
  const { name, origin, nonRetryable } = description;
  const isBadRow = name === 'BadRow' && origin === 'author' && nonRetryable === true;
  return isBadRow ? new DescribedBadRow(description) : new DescribedError(description, detail);
}
