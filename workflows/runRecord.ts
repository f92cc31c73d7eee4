import { type CancellationScope, log, setCurrentDetails } from '@temporalio/workflow';
import type { NotStarted } from '../activities/contract';
import { Board } from './board';
import type { Carried, Finalize, RunState } from './contract';
import { currentDetails } from './currentDetails';
import type { Checked } from './inputs';
import { Results } from './results';
import { Wanted } from './wanted';

/** Somebody who sends invalid signals may send thousands. */
const IGNORED_AT_MOST = 10;

/** An activity `runMigration` that the run has started and that has not ended. */
export interface Running {
  readonly scope: CancellationScope;
  readonly ended: Promise<void>;
  /** Set when it holds an extra slot. */
  readonly finalize: Finalize | undefined;
}

/** What a run knows. */
export class RunRecord {
  readonly results: Results;
  readonly board = new Board();
  /** By migration. */
  readonly running = new Map<string, Running>();
  readonly wanted = new Wanted();
  /** Returned by workers without their code. Not tried again before the next tick. */
  readonly skip: NotStarted[];
  /** The database of the last listing: another one has other migrations, or other states of them. */
  installation: string | undefined;
  /** True when something happened since the last listing. */
  stale = false;
  /** True when the next listing must ask each ready() again: at the beginning, and after a tick. */
  askAgain = true;
  private readonly ignored: string[] = [];

  constructor({ value: carried, ignored }: Checked<Carried>) {
    this.results = new Results(carried.result);
    this.skip = [...carried.skip];
    this.ignore(ignored);
    this.want(carried.finalize);
  }

  want(entries: readonly Finalize[]): void {
    const dropped = this.wanted.add(entries);
    if (dropped > 0) this.ignore([`finalizeMigrations: ${dropped} more than can be kept`]);
  }

  /** Without this, the same worker would be asked again at once, and for ever. */
  skipForNow(name: string, reason: string): void {
    this.skip.push({ name, reason });
  }

  /** An invalid input must not stop the run, but its sender has to find out. */
  ignore(lines: readonly string[]): void {
    for (const line of lines) {
      if (this.ignored.length > IGNORED_AT_MOST) return;
      const isLast = this.ignored.length === IGNORED_AT_MOST;
      this.ignored.push(isLast ? 'more, which are neither listed nor logged' : line);
      log.warn(`ignored: ${this.ignored.at(-1)}`);
    }
    if (lines.length > 0) this.show();
  }

  /** How many hold an extra slot. */
  extra(): number {
    return [...this.running.values()].filter(({ finalize }) => finalize).length;
  }

  /** The answer to the query `runState`. */
  state(): RunState {
    return {
      ...this.results.get(),
      running: [...this.running.keys()],
      ignored: this.ignored,
    };
  }

  /** What the next run gets when this one continues as new. */
  carried(): Carried {
    return { result: this.results.get(), finalize: this.wanted.all(), skip: this.skip };
  }

  show(): void {
    setCurrentDetails(
      currentDetails({
        overview: this.board.overview(),
        result: this.results.get(),
        running: new Set(this.running.keys()),
        ignored: this.ignored,
      }),
    );
  }
}
