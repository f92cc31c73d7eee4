import type { CheckContext } from './context';

/** Something that needs a reason. */
export interface Incident {
  /** What may have been broken. */
  readonly parts: readonly string[];
  /** When it happened, milliseconds since 1970. Not finite: unknown. */
  readonly from: number;
  readonly upto: number;
  /** The worker process that it happened to. A fault of another worker is no reason. Default: any. */
  readonly pid?: number;
  /** Only faults whose kind it matches. Default: all. */
  readonly kind?: RegExp;
}

/** A fault's effects may come so much later than its end: time limits, reconnections. Milliseconds. */
const LATER = 45_000;

/** Whether a fault gives a reason for it. */
export function explained({ faults, workers }: CheckContext, incident: Incident): boolean {
  const { parts, from, upto, pid, kind } = incident;
  const slots = workers.filter((each) => each.pid === pid).map(({ worker }) => worker);
  return faults.some(
    (fault) =>
      parts.includes(fault.part) &&
      (kind === undefined || kind.test(fault.kind)) &&
      fault.from <= upto &&
      fault.upto + LATER >= from &&
      // A pid that is not known may be of any worker.
      (fault.worker === undefined || slots.length === 0 || slots.includes(fault.worker)),
  );
}
