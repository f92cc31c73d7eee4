import type { ChaosSet, WorkerSlot } from './chaosSet';
import type { Random } from './random';

/** What a fault breaks. At most one fault at a time breaks the same part. */
export type Part = 'worker' | 'postgres' | 'temporal' | 'operators' | 'tables';

/** What a fault gets. */
export interface Target {
  readonly set: ChaosSet;
  readonly random: Random;
  /** A worker that no other fault breaks at the same time. Faults of other parts leave it alone. */
  readonly worker: WorkerSlot;
  /**
   * To be called by a fault of the part 'worker' that breaks another one instead, or all of them
   * (undefined): the checks take it for a reason only there.
   */
  breaks(worker: WorkerSlot | undefined): void;
}

/** One way to break the set. */
export interface Fault {
  /** Its name in the timeline and the report, like 'SIGKILL of a worker'. */
  readonly kind: string;
  readonly part: Part;
  /** Other parts that must be whole meanwhile. Default: none. */
  readonly needs?: readonly Part[];
  /** How often it is picked, compared to others. Default 1. */
  readonly weight?: number;
  /** Why this machine can't make it, and what to install, in one line. The report counts it as not done. */
  readonly unavailable?: () => string | undefined;
  /**
   * Breaks something, lets it last, mends it, and waits until it is mended (a killed worker runs again,
   * a server answers). Ends within two minutes.
   * @returns what was done, in one line
   * @throws NothingToBreak; WaitedInVain when its effect did not show in time; any other error is a
   *   failure of the run
   */
  inflict(target: Target): Promise<string>;
}

/**
 * Thrown by a fault that found nothing to break, and has mended what it did: no attempt ran, say. The
 * report counts it as not done. It is no failure of the run.
 */
export class NothingToBreak extends Error {
  override readonly name = 'NothingToBreak';
}
