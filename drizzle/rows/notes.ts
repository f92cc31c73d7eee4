import { oneLine, seconds } from '../../settings/screenText';
import { revertNote } from './direction';
import { jobChangedText } from './jobFile';
import { isStopRequest } from './operationRefused';
import { skippedNote } from './skipped';
import { isPending, type MigrationView, runningStep } from './status';

/**
 * Why a migration is not running, and what is wrong with it. What an operator needs first comes first.
 * @param inTemporal what only Temporal knows: that it is paused there, when its next attempt begins
 */
export function notes(view: MigrationView, inTemporal: readonly string[] = []): string[] {
  const { migration } = view;
  // The error of a failed one says the same.
  const found: (string | null)[] = migration.status === 'failed' ? [] : [revertNote(migration)];
  if (migration.status === 'in_progress') {
    found.push(
      isStopRequest(migration.request) ? `to ${requestText(view)}` : null,
      ...inTemporal,
      doing(view),
      silence(view),
    );
  }
  if (migration.status === 'paused' || migration.status === 'cancelled') {
    found.push(requestText(view));
  }
  if (isPending(view)) found.push(waiting(view));
  if (isPending(view) || migration.status === 'failed') found.push(changed(view));
  if (migration.status !== 'completed' && migration.status !== 'reverted')
    found.push(lastError(view));
  found.push(skippedNote(migration.name, view.skipped));
  return found.filter((note) => note !== null);
}

/** A running attempt's reason ('replica 12 s behind'), or what must happen before it can begin. */
function waiting({ migration: { waitsFor }, live }: MigrationView): string | null {
  return waitsFor && live && !waitsFor.startsWith('waits for ') ? `waiting: ${waitsFor}` : waitsFor;
}

function doing(view: MigrationView): string | null {
  const step = runningStep(view);
  return step ? `step: ${step}` : null;
}

/** The operator's request, as in 'pause (alice@build-7: month-end)'; or none, after a plain INSERT. */
export function requestText({ migration }: MigrationView): string {
  if (migration.status === 'paused' && migration.request === null) return 'registered as paused';
  const why = migration.requestReason ? `: ${migration.requestReason}` : '';
  return `${migration.request ?? 'stop'} (${migration.requestedBy ?? 'somebody'}${why})`;
}

/** Of an ended one only the details say it: nothing is left to do. */
const changed = ({ jobChangedSince }: MigrationView): string | null =>
  jobChangedSince === null ? null : jobChangedText(jobChangedSince);

function silence({ attempt, live, silentFor }: MigrationView): string | null {
  if (live || !attempt || attempt.endedAt || silentFor === null) return null;
  if (silentFor < 0) return "no heartbeat from its worker since the database's clock was set back";
  return `no heartbeat from its worker for ${seconds(silentFor)}`;
}

/** The error of a pending migration is in the past: it does not stop the next attempt. */
export function lastError({ migration, attempt }: MigrationView): string | null {
  const error = migration.error ?? attempt?.error;
  if (!error) return null;
  const label = isPending({ migration }) ? 'last error: ' : '';
  return `${label}${oneLine(error, 500)}`;
}
