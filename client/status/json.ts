import { runningStep } from '../../drizzle/rows/status';
import type { Attempt } from '../../drizzle/schema';
import { jobOf, targetOf } from '../../settings/migrationName';
import type { OneMigration } from './one';
import type { StatusRow } from './row';

/** A migration in `lrm status --json`. Scripts rely on these names: add new ones, change none. */
export function toJson(row: StatusRow, one?: OneMigration): Record<string, unknown> {
  const { migration, pending } = row;
  return {
    name: migration.name,
    job: jobOf(migration.name),
    target: targetOf(migration.name) ?? null,
    status: migration.status,
    direction: migration.direction,
    attempts: migration.attempts,
    error: migration.error,
    rowsDone: migration.rowsDone,
    rowsTotal: migration.rowsTotal,
    percent: row.percent,
    rowsPerSecond: row.rowsPerSecond,
    secondsLeft: row.secondsLeft,
    running: row.live,
    throttle: row.live ? row.throttle : null,
    waitsFor: migration.waitsFor,
    step: runningStep(row),
    skipped: row.skipped,
    jobChangedSince: row.jobChangedSince,
    pausedInTemporal: pending?.paused ?? false,
    request: migration.request,
    requestReason: migration.requestReason,
    requestedBy: migration.requestedBy,
    requestedAt: migration.requestedAt,
    createdAt: migration.createdAt,
    startedAt: migration.startedAt,
    completedAt: migration.completedAt,
    updatedAt: migration.updatedAt,
    ...(one && {
      input: one.input === null ? null : JSON.parse(one.input),
      steps: one.steps,
      history: one.attempts.map(attemptToJson),
    }),
  };
}

const attemptToJson = (attempt: Attempt): Record<string, unknown> => ({
  number: attempt.number,
  worker: attempt.worker,
  runId: attempt.runId,
  startedAt: attempt.startedAt,
  heartbeatAt: attempt.heartbeatAt,
  endedAt: attempt.endedAt,
  direction: attempt.direction,
  jobHash: attempt.jobHash,
  outcome: attempt.outcome,
  error: attempt.error,
  rowsDone: attempt.rowsDone,
  failedBatch: attempt.failedBatch,
});
