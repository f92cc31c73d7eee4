import type { Attempt } from '../attempt';
import { Refused } from '../refused';

interface Count {
  readonly done: number;
  readonly total: number | null;
}

/** Names and progress of all the walks of one attempt. */
export class Tally {
  readonly #counts = new Map<string, Count>();
  #begun = 0;

  constructor(private readonly attempt: Attempt) {}

  /**
   * The name of the walk that begins now: the given one, or its number.
   * @throws Refused when the job has walked under it before: it would be taken for done.
   */
  begin(given: string | undefined): string {
    this.#begun += 1;
    const name = given ?? String(this.#begun);
    if (this.#counts.has(name)) throw new Refused(`two walks of this job have the name '${name}'`);
    this.#counts.set(name, { done: 0, total: 0 });
    return name;
  }

  /** Reports how far all walks are, together. */
  report(name: string, count: Count, details: Readonly<Record<string, string | number>> = {}) {
    this.#counts.set(name, count);
    let done = 0;
    let total: number | null = 0;
    for (const each of this.#counts.values()) {
      done += each.done;
      // An estimate that turns out too small gives way.
      total =
        total === null || each.total === null ? null : total + Math.max(each.total, each.done);
    }
    this.attempt.report({ done, total, details: { walk: name, ...details } });
  }
}
