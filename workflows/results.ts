import type { NotStarted } from '../activities/contract';
import { type Group, NAMES_AT_MOST, type RunResult } from './contract';

/** What a run has brought so far. */
export class Results {
  private completed: Group;
  private failed: Group;
  private stopped: Group;
  private left: RunResult['left'];

  constructor(before?: RunResult) {
    const none = { count: 0, names: [] };
    this.completed = before?.completed ?? none;
    this.failed = before?.failed ?? none;
    this.stopped = before?.stopped ?? none;
    this.left = before?.left ?? { count: 0, first: [] };
  }

  /** The last end counts: one that failed and was retried in the same run may be completed now. */
  add(to: 'completed' | 'failed' | 'stopped', name: string): void {
    for (const group of ['completed', 'failed', 'stopped'] as const) {
      this[group] = without(this[group], name);
    }
    const { count, names } = this[to];
    this[to] = { count: count + 1, names: names.length < NAMES_AT_MOST ? [...names, name] : names };
  }

  /** What the last listing left, and what workers without its code gave back. */
  setLeft(listed: RunResult['left'], skipped: readonly NotStarted[]): void {
    this.left = {
      count: listed.count + skipped.length,
      first: [...skipped, ...listed.first].slice(0, NAMES_AT_MOST),
    };
  }

  get(): RunResult {
    const { completed, failed, stopped, left } = this;
    return { completed, failed, stopped, left };
  }
}

/** Those that are counted without being named can't be taken out again. */
function without({ count, names }: Group, name: string): Group {
  const left = names.filter((each) => each !== name);
  return { count: count - (names.length - left.length), names: left };
}
