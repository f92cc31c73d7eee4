import type { Moment } from '../backfill';
import { mean, quantile } from '../figures';
import type { Sample, Samples } from '../load/thread';
import { rates } from '../rate';
import type { Course } from './course';
import { within } from './judge';

/** Seconds, and a value. Null where there is none: the line is interrupted. */
export type Point = readonly [number, number | null];

/** The course of one backfill as it is drawn. */
export interface Drawn {
  readonly name: string;
  /** Rows done in all. */
  readonly rows: number;
  readonly rowsPerSecond: readonly Point[];
  readonly lanes: readonly Point[];
  /** The lanes, times the share of the time that they work. */
  readonly working: readonly Point[];
  readonly batchMs: readonly Point[];
  readonly application: Readonly<Record<keyof Samples, Times>>;
}

/** Milliseconds of the application's transactions. */
export interface Times {
  readonly mean: readonly Point[];
  readonly p99: readonly Point[];
  /** The mean without a backfill. */
  readonly alone: readonly Point[];
}

const SLOT_MS = 500;
/** Of the application's times: fewer have too few transactions for a mean. */
const SECOND = 1_000;

/** @param end of the load, in milliseconds */
export function drawn(
  name: string,
  { moments, samples }: Course,
  alone: Course,
  end: number,
): Drawn {
  const until = Math.min(end, moments.at(-1)?.at ?? 0);
  const at = (index: number) => ((index + 0.5) * SLOT_MS) / 1_000;
  const begun = moments[0]?.at ?? 0;
  const settings = slots(SLOT_MS, until).map(({ until }) =>
    moments.findLast((moment) => moment.at <= until),
  );
  const setting = (of: (moment: Moment) => number | undefined): Point[] =>
    settings.map((moment, index) => [at(index), (moment && of(moment)) ?? null]);
  const times = (kind: keyof Samples): Times => ({
    mean: averaged(samples[kind], end),
    p99: slots(SECOND, end).map(({ from, until }) => [
      (from + until) / 2_000,
      // Three seconds, so that it is not just the slowest one.
      known(quantile(near(samples[kind], from, until), 0.99)),
    ]),
    alone: averaged(alone.samples[kind], end),
  });
  return {
    name,
    rows: moments.findLast((moment) => moment.at <= end)?.done ?? 0,
    rowsPerSecond: rates(moments, begun, until, SLOT_MS).map((rate, index) => [at(index), rate]),
    lanes: setting(({ lanes }) => lanes),
    working: setting(({ lanes, duty = 1 }) => lanes && lanes * duty),
    batchMs: setting(({ batchMs }) => batchMs),
    application: { elsewhere: times('elsewhere'), sameTable: times('sameTable') },
  };
}

function averaged(samples: readonly Sample[], end: number): Point[] {
  return slots(SECOND, end).map(({ from, until }) => [
    (from + until) / 2_000,
    known(mean(within(samples, { from, until }))),
  ]);
}

/** None when the slot itself has none: nobody is there. */
function near(samples: readonly Sample[], from: number, until: number): number[] {
  if (within(samples, { from, until }).length === 0) return [];
  return within(samples, { from: from - SECOND, until: until + SECOND });
}

function slots(ms: number, end: number): { from: number; until: number }[] {
  return Array.from({ length: Math.floor(end / ms) }, (_, index) => ({
    from: index * ms,
    until: (index + 1) * ms,
  }));
}

const known = (value: number): number | null => (Number.isFinite(value) ? value : null);
