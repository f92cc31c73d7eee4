import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  proxyActivities,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type {
  Activities,
  Listing,
  NotStarted,
  Ready,
  RunMigrationResult,
} from '../activities/contract';
import { Board } from './board';
import {
  type Carried,
  type Finalize,
  finalizeSignal,
  NAMES_AT_MOST,
  type RunResult,
  stateQuery,
  statusChangedSignal,
  tickSignal,
  WORKFLOW_ID,
} from './contract';
import { currentDetails } from './currentDetails';
import { migrationsFailed, otherWorkflowId } from './failures';
import { type Checked, readBegan, readCarried, readFinalize } from './inputs';
import { Results } from './results';
import { Wanted } from './wanted';

/** Listing asks the database short questions, and reads new jobs' files; a worker may die meanwhile. */
const { listPendingMigrations } = proxyActivities<Activities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/** What operators want at once runs beside each other: more would be too many processes for one worker. */
const FINALIZED_AT_ONCE = 50;
/** Lines on what was ignored: somebody who sends nonsense may send a lot of it. */
const IGNORED_AT_MOST = 10;

/**
 * One run: starts what is pending, in order of registration, as slots become free, until nothing
 * is left that can be started. A failed migration doesn't stop the others.
 * @param carried what the run before hands over; checked, since anybody can start a workflow
 * @throws ApplicationFailure 'MigrationsFailed', not retryable, when migrations failed in this run
 * @throws ApplicationFailure 'OtherWorkflowId', not retryable: two runs would fight over the rows
 */
export async function executeLongRunningMigrations(carried?: unknown): Promise<RunResult> {
  const { workflowId } = workflowInfo();
  if (workflowId !== WORKFLOW_ID) throw otherWorkflowId(workflowId);
  return new Run(carried).execute();
}

interface Running {
  readonly scope: CancellationScope;
  readonly ended: Promise<void>;
  /** Set when it holds a slot of its own. */
  readonly finalize: Finalize | undefined;
}

class Run {
  private results = new Results();
  private readonly board = new Board();
  private readonly running = new Map<string, Running>();
  private readonly wanted = new Wanted();
  private readonly skip: NotStarted[];
  private readonly ignored: string[] = [];
  /** Something happened since the last listing. */
  private stale = false;

  constructor(input: unknown) {
    const carried = this.checked(readCarried(input));
    this.results = new Results(carried.result);
    this.skip = [...carried.skip];
    this.want(carried.finalize);
    setHandler(finalizeSignal, (input: unknown) => {
      this.want(this.checked(readFinalize(input)));
      this.stale = true;
    });
    setHandler(statusChangedSignal, (input: unknown) => {
      const begun = this.checked(readBegan(input));
      if (begun) this.begun(begun.began, begun.attempt);
      else this.stale = true;
    });
    setHandler(tickSignal, () => {
      this.skip.splice(0);
      this.stale = true;
    });
    setHandler(stateQuery, () => ({
      ...this.results.get(),
      running: [...this.running.keys()],
      ignored: this.ignored,
    }));
    // Without a handler it would be kept for one that never comes.
    setDefaultSignalHandler((name) => this.ignore([`the signal ${name}: there is no such signal`]));
  }

  async execute(): Promise<RunResult> {
    try {
      while (!(await this.nothingLeft())) {
        // Signals alone make a history long, too.
        await condition(() => this.stale || workflowInfo().continueAsNewSuggested);
      }
    } catch (error) {
      // Cancelled: what runs is stopped at a safe point before the run ends.
      await CancellationScope.nonCancellable(() => this.waitForAll());
      throw error;
    }
    const result = this.results.get();
    if (result.failed.count > 0) throw migrationsFailed(result);
    return result;
  }

  /** One turn: list, start what there are slots for. True when nothing runs and nothing can be started. */
  private async nothingLeft(): Promise<boolean> {
    await this.keepHistoryShort();
    this.stale = false;
    await this.startWanted();
    await this.keepHistoryShort();
    const listing = await this.list({
      running: [...this.running.keys()],
      extra: this.extra(),
      skip: [...this.skip.map(({ name }) => name), ...this.wanted.names],
    });
    // Given back by a hundred workers without the code: the next tick looks again.
    const enough = this.skip.length >= NAMES_AT_MOST;
    for (const ready of enough ? [] : listing.ready) this.start(ready, listing);
    this.results.setLeft(listing.left, this.skip);
    this.show();
    return this.running.size === 0 && !this.stale;
  }

  private async list(input: Parameters<Activities['listPendingMigrations']>[0]): Promise<Listing> {
    this.board.listingAsked();
    const listing = await listPendingMigrations(input);
    this.board.listed(listing.overview);
    for (const { name, reason } of listing.left.first) log.debug('left', { name, reason });
    return listing;
  }

  private start(ready: Ready, { settings }: Listing, finalize?: Finalize): void {
    const { name, startToCloseTimeout, heartbeatTimeout } = ready;
    const { runMigration } = proxyActivities<Activities>({
      // Its name, so that an operator can say `temporal activity pause --activity-id 0001_sample`.
      activityId: name,
      summary: name,
      startToCloseTimeout,
      heartbeatTimeout,
      // The default would let a job go on after the run has closed.
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      // Constant: a lost worker costs no back-off. An error brings its own delay with it.
      retry: { initialInterval: settings.retryInitialInterval, backoffCoefficient: 1 },
    });
    const throttled = finalize?.throttled ?? true;
    const scope = new CancellationScope();
    const ended = this.follow(
      name,
      scope.run(() => runMigration({ name, throttled })),
    );
    this.running.set(name, { scope, ended, finalize });
  }

  /** Said by the attempt itself: nothing else tells that a worker has taken it. */
  private begun(name: string, attempt: number): void {
    if (!this.running.has(name)) return;
    this.board.began(name, attempt);
    this.show();
  }

  private async follow(name: string, result: Promise<RunMigrationResult>): Promise<void> {
    try {
      this.count(name, await result);
    } catch (error) {
      if (isMigrationFailed(error)) {
        this.results.add('failed', name);
        this.board.ended(name, 'failed');
      } else if (!isCancellation(error)) {
        this.skipForNow(name, 'its activity failed; see its history');
      }
    } finally {
      this.running.delete(name);
      this.stale = true;
      this.show();
    }
  }

  private count(name: string, { outcome, reason }: RunMigrationResult): void {
    if (outcome === 'left') this.skipForNow(name, reason ?? 'left by its worker');
    else {
      this.results.add(outcome === 'completed' ? 'completed' : 'stopped', name);
      this.board.ended(name, outcome);
    }
  }

  /** Or the same worker would be asked again at once, and for ever. */
  private skipForNow(name: string, reason: string): void {
    this.skip.push({ name, reason });
  }

  /** What an operator wants done now, whatever the slots say; what waits for another stays wanted. */
  private async startWanted(): Promise<void> {
    const waiting: Finalize[] = [];
    for (;;) {
      const free = Math.max(0, FINALIZED_AT_ONCE - this.extra());
      const batch = this.wanted.take(Math.min(free, NAMES_AT_MOST));
      if (batch.length === 0) break;
      waiting.push(...(await this.startBatch(batch)));
      if (workflowInfo().continueAsNewSuggested) break;
    }
    this.want(waiting);
  }

  /** @returns those that have to wait */
  private async startBatch(batch: readonly Finalize[]): Promise<Finalize[]> {
    const toStart: Finalize[] = [];
    for (const finalize of batch) {
      const running = this.running.get(finalize.name);
      if (running && (finalize.throttled || running.finalize)) continue;
      // One that runs throttled begins anew.
      if (running) {
        running.scope.cancel();
        await running.ended;
      }
      toStart.push(finalize);
    }
    if (toStart.length === 0) return [];
    const only = toStart.map(({ name }) => name);
    const listing = await this.list({ running: [], extra: 0, skip: [], only });
    for (const ready of listing.ready) {
      const finalize = toStart.find(({ name }) => name === ready.name);
      this.start(ready, listing, finalize);
    }
    const left = new Set(listing.left.first.map(({ name }) => name));
    return toStart.filter(({ name }) => left.has(name));
  }

  private want(entries: readonly Finalize[]): void {
    const dropped = this.wanted.add(entries);
    if (dropped > 0) this.ignore([`finalizeMigrations: ${dropped} more than can be kept`]);
  }

  /** How many hold a slot of their own. */
  private extra(): number {
    return [...this.running.values()].filter(({ finalize }) => finalize).length;
  }

  /**
   * Before Temporal ends a run whose history is too long: starts nothing more, stops what runs at
   * a safe point, waits, then goes on with a new history.
   */
  private async keepHistoryShort(): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested) return;
    for (const { scope, finalize } of this.running.values()) {
      if (finalize) this.want([finalize]);
      scope.cancel();
    }
    await this.waitForAll();
    await condition(allHandlersFinished);
    const carried: Carried = {
      result: this.results.get(),
      finalize: this.wanted.all(),
      skip: this.skip,
    };
    await continueAsNew<typeof executeLongRunningMigrations>(carried);
  }

  private async waitForAll(): Promise<void> {
    await Promise.all([...this.running.values()].map(({ ended }) => ended));
  }

  private checked<T>({ value, ignored }: Checked<T>): T {
    this.ignore(ignored);
    return value;
  }

  /** What can't be used must not stop the run; somebody may wonder where it went. */
  private ignore(lines: readonly string[]): void {
    for (const line of lines) {
      if (this.ignored.length > IGNORED_AT_MOST) return;
      const isLast = this.ignored.length === IGNORED_AT_MOST;
      this.ignored.push(isLast ? 'more, which are neither listed nor logged' : line);
      log.warn(`ignored: ${this.ignored.at(-1)}`);
    }
    if (lines.length > 0) this.show();
  }

  private show(): void {
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

function isMigrationFailed(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'MigrationFailed'
  );
}
