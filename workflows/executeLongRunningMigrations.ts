import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  log,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, ListInput, Listing } from '../activities/contract';
import { startActivity, waitForAll } from './activity';
import { type Finalize, NAMES_AT_MOST, type RunResult, WORKFLOW_ID } from './contract';
import { migrationsFailed, otherWorkflowId } from './failures';
import { readCarried } from './inputs';
import { RunRecord } from './runRecord';
import { handleSignals } from './signals';

/**
 * A listing takes seconds: it queries the database and reads new jobs' files. It may ask a hundred
 * ready() for a minute. It beats all the time, so that nothing waits for long when its worker dies.
 */
const { listPendingMigrations } = proxyActivities<Activities>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/** For `lrm finalize`. More would be too many processes for one worker. */
const FINALIZED_AT_ONCE = 50;

/**
 * One run: starts what is pending, in order of registration, as slots become free. It ends when
 * nothing runs and nothing can be started. A failed migration doesn't stop the others.
 * @param carried what the previous run handed over; checked, since anybody can start a workflow
 * @throws ApplicationFailure 'MigrationsFailed', not retryable, when migrations failed in this run
 * @throws ApplicationFailure 'OtherWorkflowId', not retryable: two runs would start the same migrations
 */
export async function executeLongRunningMigrations(carried?: unknown): Promise<RunResult> {
  const { workflowId } = workflowInfo();
  if (workflowId !== WORKFLOW_ID) throw otherWorkflowId(workflowId);
  const record = new RunRecord(readCarried(carried));
  handleSignals(record);
  try {
    while (!(await nothingLeft(record))) {
      // Signals make the history longer, too.
      await condition(() => record.stale || workflowInfo().continueAsNewSuggested);
    }
  } catch (error) {
    // Cancelled: what runs is stopped at a safe point before the run ends.
    await CancellationScope.nonCancellable(() => waitForAll(record));
    throw error;
  }
  const result = record.results.get();
  if (result.failed.count > 0) throw migrationsFailed(result);
  return result;
}

/**
 * One turn: lists what is pending and starts what there are slots for.
 * @returns true when nothing runs and nothing can be started
 */
async function nothingLeft(record: RunRecord): Promise<boolean> {
  await keepHistoryShort(record);
  record.stale = false;
  const { askAgain } = record;
  record.askAgain = false;
  await startWanted(record, askAgain);
  await keepHistoryShort(record);
  const listing = await list(record, {
    running: [...record.running.keys()],
    extra: record.extra(),
    skip: [...record.skip.map(({ name }) => name), ...record.wanted.names],
    askAgain,
  });
  // Workers without the code have returned a hundred migrations. The next tick looks again.
  const enough = record.skip.length >= NAMES_AT_MOST;
  for (const ready of enough ? [] : listing.ready) startActivity(record, ready, listing.settings);
  record.results.setLeft(listing.left, record.skip);
  record.show();
  return record.running.size === 0 && !record.stale;
}

async function list(record: RunRecord, input: ListInput): Promise<Listing> {
  record.board.listingRequested();
  const listing = await listPendingMigrations(input);
  record.installation = listing.installation;
  record.board.listed(listing.overview);
  for (const { name, reason } of listing.left.first) log.debug('not started', { name, reason });
  return listing;
}

/** Starts what `lrm finalize` asked for, in extra slots. What waits for another migration stays wanted. */
async function startWanted(record: RunRecord, askAgain: boolean): Promise<void> {
  const waiting: Finalize[] = [];
  for (;;) {
    const free = Math.max(0, FINALIZED_AT_ONCE - record.extra());
    const batch = record.wanted.take(Math.min(free, NAMES_AT_MOST));
    if (batch.length === 0) break;
    waiting.push(...(await startBatch(record, batch, askAgain)));
    if (workflowInfo().continueAsNewSuggested) break;
  }
  record.want(waiting);
}

/** @returns those that have to wait */
async function startBatch(
  record: RunRecord,
  batch: readonly Finalize[],
  askAgain: boolean,
): Promise<Finalize[]> {
  const toStart: Finalize[] = [];
  for (const finalize of batch) {
    const running = record.running.get(finalize.name);
    if (running && (finalize.throttled || running.finalize)) continue;
    // A running attempt can't stop throttling: it ends at a safe point, and another begins.
    if (running) {
      running.scope.cancel();
      await running.ended;
    }
    toStart.push(finalize);
  }
  if (toStart.length === 0) return [];
  const only = toStart.map(({ name }) => name);
  const listing = await list(record, { running: [], extra: 0, skip: [], only, askAgain });
  for (const ready of listing.ready) {
    const finalize = toStart.find(({ name }) => name === ready.name);
    startActivity(record, ready, listing.settings, finalize);
  }
  const left = new Set(listing.left.first.map(({ name }) => name));
  return toStart.filter(({ name }) => left.has(name));
}

/**
 * Temporal terminates a run whose history is too long. Before that: starts nothing more, stops
 * what runs at a safe point, waits for it, and continues as new.
 */
async function keepHistoryShort(record: RunRecord): Promise<void> {
  if (!workflowInfo().continueAsNewSuggested) return;
  for (const { scope, finalize } of record.running.values()) {
    if (finalize) record.want([finalize]);
    scope.cancel();
  }
  await waitForAll(record);
  await condition(allHandlersFinished);
  await continueAsNew<typeof executeLongRunningMigrations>(record.carried());
}
