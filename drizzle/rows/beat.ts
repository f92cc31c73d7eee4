import { and, arrayContains, isNull, not, sql } from 'drizzle-orm';
import type { Database } from '../database';
import { attempts, migrations } from '../schema';
import type { ProgressRecord } from './attemptProgress';
import { type FencedAttempt, ifCurrent, isAttempt } from './fence';
import { readStatus } from './status';

/** An attempt sees requests, and the Web UI is refreshed, within this time. Milliseconds. */
const BEAT_AT_MOST = 2_000;

/** Milliseconds between two beats: a third of the heartbeat timeout, so that two may be lost. */
export function beatInterval(heartbeatTimeout: number): number {
  return Math.min(BEAT_AT_MOST, heartbeatTimeout / 3);
}

/** Why an attempt that beats has to stop. */
export type BeatAnswer = 'operator pause' | 'operator cancel' | 'superseded';

/** What identifies an attempt. */
type Current = Pick<FencedAttempt, 'migration' | 'id' | 'epoch'>;

/**
 * Writes an attempt's progress to its rows, and reads the operator's request.
 * @returns why the attempt has to stop, or undefined to go on
 */
export async function beat(
  db: Database,
  attempt: Current,
  progress: ProgressRecord,
): Promise<BeatAnswer | undefined> {
  await db
    .update(attempts)
    .set({
      heartbeatAt: sql`now()`,
      rowsDone: progress.doneHere,
      progressed: progress.progressed,
    })
    .where(and(isAttempt(attempt), isNull(attempts.endedAt)));
  const [row] = await db
    .update(migrations)
    .set({
      rowsDone: sql`greatest(${migrations.rowsDone}, ${progress.done})`,
      rowsTotal: progress.total,
      waitsFor: progress.waitingFor,
      step: progress.step,
      updatedAt: sql`now()`,
    })
    .where(ifCurrent(attempt))
    .returning({ request: migrations.request });
  if (!row) return whyNotCurrent(db, attempt.migration);
  if (row.request === 'pause') return 'operator pause';
  return row.request === 'cancel' ? 'operator cancel' : undefined;
}

/**
 * Whether a new database session of the attempt may be used.
 * @param other the name of the further database that it is in; undefined: the main one
 */
export async function mayWrite(db: Database, attempt: Current, other?: string): Promise<boolean> {
  // Before the check: a newer claim that the check does not see finds the name, and ends the session.
  if (other !== undefined) await noteUse(db, attempt, other);
  const found = await db
    .select({ name: migrations.name })
    .from(migrations)
    .where(ifCurrent(attempt));
  return found.length > 0;
}

async function noteUse(db: Database, attempt: Current, other: string): Promise<void> {
  await db
    .update(attempts)
    .set({ databases: sql`array_append(${attempts.databases}, ${other})` })
    .where(and(isAttempt(attempt), not(arrayContains(attempts.databases, [other]))));
}

/** An operator's command sets the status itself when it takes this worker for dead. */
async function whyNotCurrent(db: Database, migration: string): Promise<BeatAnswer> {
  const status = await readStatus(db, migration);
  if (status === 'paused') return 'operator pause';
  return status === 'cancelled' ? 'operator cancel' : 'superseded';
}
