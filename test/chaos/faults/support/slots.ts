import { within } from '../../../../settings/within';
import type { ChaosSet, WorkerSlot } from '../../chaosSet';
import type { Target } from '../../fault';
import { type AttemptRow, runningAttempts, whileItRuns } from './attempts';
import { isGone } from './processes';

/** @throws Error when no worker runs there */
export function pidOf({ pid, number }: WorkerSlot): number {
  if (pid === undefined) throw new Error(`worker ${number} does not run`);
  return pid;
}

/** A worker, with what runs on it. */
export interface Busy {
  readonly worker: WorkerSlot;
  readonly pid: number;
  /** None, when no worker runs an attempt. */
  readonly running: AttemptRow[];
}

/**
 * The target's worker, when it runs an attempt. Otherwise another one that does: a fault of the part
 * 'worker' has them all for itself, and to break an idle one shows little.
 */
export async function busyWorker({ set, worker, breaks }: Target): Promise<Busy> {
  const running = await whileItRuns(set, SHORTLY, pidOf(worker));
  if (running.length > 0) return { worker, pid: pidOf(worker), running };
  for (const other of set.workers) {
    if (other.pid === undefined) continue;
    const there = await runningAttempts(set, other.pid);
    if (there.length === 0) continue;
    breaks(other);
    return { worker: other, pid: other.pid, running: there };
  }
  return { worker, pid: pidOf(worker), running: [] };
}

/** Enough for it to take the next one. Milliseconds. */
const SHORTLY = 3_000;

/**
 * Starts a worker. The servers that it needs may be broken by other faults at the same time: then it is
 * tried again.
 */
export async function revive({ timeline }: ChaosSet, slot: WorkerSlot): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await slot.start();
      return;
    } catch (error) {
      if (tries === 2) throw error;
      timeline.event(`worker ${slot.number}`, `did not start: ${firstLine(error)}`);
      // It may still be there, and never become ready.
      if (slot.pid !== undefined) await killed(slot);
    }
  }
}

/** Kills what runs there, if anything does, and waits for its end. */
export async function killed(slot: WorkerSlot): Promise<void> {
  if (slot.pid === undefined) return;
  slot.kill('SIGKILL');
  await slot.ended();
}

/**
 * Waits for the end of a worker that was asked to stop.
 * @throws Error at the deadline. Then it is killed
 */
export async function untilEnded(slot: WorkerSlot, deadline: number): Promise<void> {
  if (
    (await within(
      deadline,
      slot.ended().then(() => true),
    )) === true
  )
    return;
  await killed(slot);
  throw new Error(`worker ${slot.number} did not end within ${deadline / 1000} s of SIGTERM`);
}

/** @throws Error when the process has ended although it had no reason to */
export function requireSame(slot: WorkerSlot, pid: number): void {
  if (slot.pid === pid && !isGone(pid)) return;
  throw new Error(`worker ${slot.number} (process ${pid}) has ended by itself`);
}

export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
