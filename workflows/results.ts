import type { NotStarted } from '../activities/contract';
import { type Group, NAMES_AT_MOST, type RunResult } from './contract';

const ENDED = ['completed', 'failed', 'reverted', 'stopped'] as const;
type Ended = (typeof ENDED)[number];

/** What a run has done so far. */
export class Results {
  private completed: Group;
  private failed: Group;
  private reverted: Group;
  private stopped: Group;
  private left: RunResult['left'];

  constructor(before?: RunResult) {
    const none = { count: 0, names: [] };
    this.completed = before?.completed ?? none;
    this.failed = before?.failed ?? none;
    this.reverted = before?.reverted ?? none;
    this.stopped = before?.stopped ?? none;
    this.left = before?.left ?? { count: 0, first: [] };
  }

  /** The last end counts: a failed migration may be retried and completed in the same run. */
  add(to: Ended, name: string): void {
    for (const group of ENDED) {
      this[group] = without(this[group], name);
    }
    const { count, names } = this[to];
    this[to] = { count: count + 1, names: names.length < NAMES_AT_MOST ? [...names, name] : names };
  }

  /** What the last listing did not start, and what workers without its code returned. */
  setLeft(listed: RunResult['left'], skipped: readonly NotStarted[]): void {
    this.left = {
      count: listed.count + skipped.length,
      first: [...skipped, ...listed.first].slice(0, NAMES_AT_MOST),
    };
  }

  get(): RunResult {
    const { completed, failed, reverted, stopped, left } = this;
    return { completed, failed, ...(reverted.count > 0 ? { reverted } : {}), stopped, left };
  }
}

/** Only named ones can be taken out: beyond {@link NAMES_AT_MOST}, a group has just a count. */
function without({ count, names }: Group, name: string): Group {
  const left = names.filter((each) => each !== name);
  return { count: count - (names.length - left.length), names: left };
}
