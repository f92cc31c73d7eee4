import { inspect } from 'node:util';
import type { Description } from './describeError';

/**
 * An error that was thrown in another thread of the job, and described there. So its kind, its code
 * and its place are still known here.
 */
export class DescribedError extends Error {
  override readonly name: string;
  /** SQLSTATE or another code, by which a batch is tried again. */
  readonly code: string | undefined;
  /** Private, since it may hold row values: a logger that writes all properties must not find it. */
  readonly #detail: string | undefined;

  /** @param detail the whole error, for LRM_ERROR_DETAIL=full and for console.log() */
  constructor(
    readonly description: Description,
    detail: string | undefined,
  ) {
    super(description.message);
    this.name = description.name;
    this.code = description.code;
    this.#detail = detail;
  }

  [inspect.custom](): string | undefined {
    return this.#detail ?? this.stack;
  }
}
