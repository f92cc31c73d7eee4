import { isStopRequest } from '../../drizzle/rows/operationRefused';
import { type MigrationView, percentDone, secondsLeft } from '../../drizzle/rows/status';
import { pending as pendingStatuses } from '../../drizzle/rows/transitions';
import type { PendingAttempt, TemporalState } from '../temporal/state';
import { oneLine, seconds } from './format';

/** A migration, with what only Temporal knows of it. */
export interface StatusRow extends MigrationView {
  readonly pending: PendingAttempt | null;
  /** 0 to 100; null where nobody knows how much there is. */
  readonly percent: number | null;
  readonly secondsLeft: number | null;
  /** Why it isn't going on, and what is wrong with it: in the order of what matters to an operator. */
  readonly notes: readonly string[];
}

export function statusRow(view: MigrationView, temporal: TemporalState | null): StatusRow {
  const pending = temporal?.pending.get(view.migration.name) ?? null;
  const current = { ...view, rowsPerSecond: rate(view, pending) };
  return {
    ...current,
    pending,
    percent: percentDone(view.migration),
    secondsLeft: secondsLeft(current),
    notes: notes(current, pending),
  };
}

/** The attempt's own figure is over its last half minute, ours over the whole attempt. */
function rate(
  { live, rowsPerSecond }: MigrationView,
  pending: PendingAttempt | null,
): number | null {
  const own = live ? pending?.heartbeat?.rowsPerSecond : undefined;
  // It is a whole number: of a slow one too much is lost.
  return own !== undefined && own >= 10 ? own : rowsPerSecond;
}

function notes(view: MigrationView, pending: PendingAttempt | null): string[] {
  const { migration } = view;
  const notes: (string | null)[] = [];
  if (migration.status === 'in_progress') {
    notes.push(
      isStopRequest(migration.request) ? `to ${requestText(view)}` : null,
      pending?.paused
        ? `paused in Temporal${pending.pausedBy ? ` (${pending.pausedBy})` : ''}`
        : null,
      silence(view),
      pending?.nextAttemptAt ? nextAttempt(pending.nextAttemptAt) : null,
    );
  }
  if (migration.status === 'paused' || migration.status === 'cancelled')
    notes.push(requestText(view));
  if (pendingStatuses.includes(migration.status)) {
    notes.push(waiting(view));
  }
  if (migration.status !== 'completed') notes.push(lastError(view));
  return notes.filter((note): note is string => note !== null);
}

/** A running attempt's reason ('replica 12 s behind'), or what is waited for before it can begin. */
function waiting({ migration: { waitsFor }, live }: MigrationView): string | null {
  return waitsFor && live && !waitsFor.startsWith('waits for ') ? `waiting: ${waitsFor}` : waitsFor;
}

/** What an operator asked, as in 'pause (alice@build-7: month-end)'. */
export function requestText({ migration }: MigrationView): string {
  const why = migration.requestReason ? `: ${migration.requestReason}` : '';
  return `${migration.request ?? 'stop'} (${migration.requestedBy ?? 'somebody'}${why})`;
}

function silence({ attempt, live, silentFor }: MigrationView): string | null {
  if (live || !attempt || attempt.endedAt || silentFor === null) return null;
  return `worker not heard for ${seconds(silentFor)}`;
}

function nextAttempt(at: Date): string | null {
  const wait = (at.getTime() - Date.now()) / 1000;
  return wait > 1 ? `next attempt in ${seconds(wait)}` : null;
}

/** Of one that goes on it is what happened before, not what stops it. */
export function lastError({ migration, attempt }: MigrationView): string | null {
  const error = migration.error ?? attempt?.error;
  if (!error) return null;
  const goesOn = pendingStatuses.includes(migration.status);
  return `${goesOn ? 'last error: ' : ''}${oneLine(error, 500)}`;
}
