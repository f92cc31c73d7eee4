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
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, Left, Listing, Ready, RunMigrationResult } from '../activities/contract';
import {
  type Carried,
  type Finalize,
  finalizeSignal,
  NAMES_AT_MOST,
  type RunResult,
  stateQuery,
  statusChangedSignal,
  tickSignal,
} from './contract';
import { currentDetails } from './currentDetails';
import { Results } from './results';

/** Listing asks the database short questions, and reads new jobs' files; a worker may die meanwhile. */
const { listPendingMigrations } = proxyActivities<Activities>({
  startToCloseTimeout: '5 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/**
 * One run: starts what is pending, in order of registration, as slots become free, until nothing
 * is left that can be started. A failed migration doesn't stop the others.
 */
export async function executeLongRunningMigrations(carried?: Carried): Promise<RunResult> {
  return new Run(carried).execute();
}

interface Running {
  readonly scope: CancellationScope;
  readonly ended: Promise<void>;
  /** Set when it holds a slot of its own. */
  readonly finalize: Finalize | undefined;
}

class Run {
  private readonly results: Results;
  private readonly running = new Map<string, Running>();
  private readonly finalize: Finalize[];
  private readonly skip: Left[];
  /** Something happened since the last listing. */
  private stale = false;

  constructor(carried?: Carried) {
    this.results = new Results(carried?.result);
    this.finalize = [...(carried?.finalize ?? [])];
    this.skip = [...(carried?.skip ?? [])];
    setHandler(finalizeSignal, (wanted) => {
      this.finalize.push(...wanted);
      this.stale = true;
    });
    setHandler(statusChangedSignal, () => {
      this.stale = true;
    });
    setHandler(tickSignal, () => {
      this.skip.splice(0);
      this.stale = true;
    });
    setHandler(stateQuery, () => ({ ...this.results.get(), running: [...this.running.keys()] }));
  }

  async execute(): Promise<RunResult> {
    try {
      while (!(await this.nothingLeft())) {
        await condition(() => this.stale);
      }
      return this.results.get();
    } catch (error) {
      // Cancelled: what runs is stopped at a safe point before the run ends.
      await CancellationScope.nonCancellable(() => this.waitForAll());
      throw error;
    }
  }

  /** One turn: list, start what there are slots for. True when nothing runs and nothing can be started. */
  private async nothingLeft(): Promise<boolean> {
    if (workflowInfo().continueAsNewSuggested) await this.continueWithNewHistory();
    this.stale = false;
    await this.startFinalized();
    const listing = await listPendingMigrations({
      running: [...this.running.keys()],
      extra: [...this.running.values()].filter(({ finalize }) => finalize).length,
      skip: [...this.skip, ...this.finalize].map(({ name }) => name),
    });
    this.show(listing);
    // Given back by a hundred workers without the code: the next tick looks again.
    const enough = this.skip.length >= NAMES_AT_MOST;
    for (const ready of enough ? [] : listing.ready) this.start(ready, listing);
    return this.running.size === 0 && !this.stale;
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

  private async follow(name: string, result: Promise<RunMigrationResult>): Promise<void> {
    try {
      this.count(name, await result);
    } catch (error) {
      if (isMigrationFailed(error)) this.results.add('failed', name);
      else if (!isCancellation(error))
        this.skipForNow(name, 'its activity failed; see its history');
    } finally {
      this.running.delete(name);
      this.stale = true;
    }
  }

  private count(name: string, { outcome, reason }: RunMigrationResult): void {
    if (outcome === 'left') this.skipForNow(name, reason ?? 'left by its worker');
    else this.results.add(outcome === 'completed' ? 'completed' : 'stopped', name);
  }

  /** Or the same worker would be asked again at once, and for ever. */
  private skipForNow(name: string, reason: string): void {
    this.skip.push({ name, reason });
  }

  /** What an operator wants done now, whatever the slots say; what waits for another stays wanted. */
  private async startFinalized(): Promise<void> {
    for (const finalize of this.finalize.splice(0)) {
      const running = this.running.get(finalize.name);
      if (running && (finalize.throttled || running.finalize)) continue;
      // One that runs throttled begins anew.
      if (running) {
        running.scope.cancel();
        await running.ended;
      }
      const only = [finalize.name];
      const listing = await listPendingMigrations({ running: [], extra: 0, skip: [], only });
      for (const ready of listing.ready) this.start(ready, listing, finalize);
      if (listing.left.count > 0) this.finalize.push(finalize);
    }
  }

  /** Starts nothing more, stops what runs at a safe point, waits, then goes on with a new history. */
  private async continueWithNewHistory(): Promise<never> {
    for (const { scope, finalize } of this.running.values()) {
      if (finalize) this.finalize.push(finalize);
      scope.cancel();
    }
    await this.waitForAll();
    await condition(allHandlersFinished);
    return continueAsNew<typeof executeLongRunningMigrations>({
      result: this.results.get(),
      finalize: this.finalize,
      skip: this.skip,
    });
  }

  private async waitForAll(): Promise<void> {
    await Promise.all([...this.running.values()].map(({ ended }) => ended));
  }

  private show(listing: Listing): void {
    this.results.setLeft(listing.left, this.skip);
    for (const { name, reason } of listing.left.first) log.debug('left', { name, reason });
    setCurrentDetails(currentDetails(listing.overview, this.results.get()));
  }
}

function isMigrationFailed(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'MigrationFailed'
  );
}
