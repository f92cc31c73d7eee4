/** How hard the walks of an attempt work in one database. */
export interface Pace {
  /** The target time of a batch. Milliseconds. */
  readonly batchMs: number;
  /** Batches at a time. */
  readonly lanes: number;
  /** The share of the time that a lane works. It rests for the other part. */
  readonly duty: number;
}

/** What a pace has to stay within. */
export interface Bounds {
  /** The author's target time of a batch. Milliseconds. */
  readonly batchMs: number;
  /** The greatest number of batches at a time. */
  readonly lanes: number;
  /** Whether that number is only a guess of how many the server can bear. */
  readonly guessed: boolean;
  /** The factor that the application may be slowed down by. */
  readonly slowdown: number;
}

/**
 * Batches beside others. One that keeps the server busy for so long is, to the operating system, work that
 * may wait: whoever comes is let through at once. Short batches, which sleep in between as the application's
 * transactions do, get their turn before them: measured on two cores, batches of 5 ms did half of the rows
 * for the same harm. Longer ones hold rows for longer, and do hardly more. Milliseconds.
 */
const BESIDE_MS = 50;
/** The share of the time that a lane begins with, and that does little harm on a small server. */
const GENTLE_DUTY = 0.3;
/** The walk has to end some day, also when something else keeps the application slow. */
const LEAST_DUTY = 0.15;

/** The part of what is allowed, below which there is room for more. */
const CALM = 0.6;

export const calmBelow = ({ slowdown }: Bounds): number => 1 + CALM * (slowdown - 1);

const besideMs = ({ batchMs }: Bounds): number => Math.min(BESIDE_MS, batchMs);

/** What is begun with beside others: one lane that mostly rests. */
export const gentlePace = (bounds: Bounds): Pace => ({
  batchMs: besideMs(bounds),
  lanes: 1,
  duty: GENTLE_DUTY,
});

/** So little that what is slow beside it is more likely slow by itself. */
export const isLeast = ({ lanes, duty }: Pace): boolean => lanes === 1 && duty <= GENTLE_DUTY;

/** As hard as the author allows. */
export const fullPace = ({ batchMs, lanes }: Bounds): Pace => ({ batchMs, lanes, duty: 1 });

/** The pace within bounds that may have changed: another walk has begun or ended. */
export const within = ({ batchMs, lanes, duty }: Pace, bounds: Bounds): Pace => ({
  batchMs: Math.max(besideMs(bounds), Math.min(bounds.batchMs, batchMs)),
  lanes: Math.max(1, Math.min(bounds.lanes, lanes)),
  duty: Math.max(LEAST_DUTY, Math.min(1, duty)),
});

/**
 * Takes less from the database: fewer lanes, then more rest. Batches are no longer than beside others.
 * @param factor what is left, 0 to 1
 */
export function slower({ batchMs, lanes, duty }: Pace, factor: number, bounds: Bounds): Pace {
  const fewer = Math.max(1, Math.floor(lanes * factor));
  const left = { batchMs: Math.min(batchMs, besideMs(bounds)), lanes: fewer };
  return within({ ...left, duty: (lanes * duty * factor) / fewer }, bounds);
}

/** Gives up rest first, and lengthens batches then. More lanes are tried; see the control law. */
export function faster(pace: Pace, factor: number, bounds: Bounds): Pace {
  if (pace.duty < 1) return { ...pace, duty: Math.min(1, pace.duty * factor) };
  return { ...pace, batchMs: Math.min(bounds.batchMs, pace.batchMs * factor) };
}

/** '1 lane at 30 %, 50 ms batches'. */
export function paceText({ batchMs, lanes, duty }: Pace): string {
  const at = duty < 1 ? ` at ${Math.round(duty * 100)} %` : '';
  const ms = batchMs < 10 ? Math.round(batchMs * 10) / 10 : Math.round(batchMs);
  return `${lanesText(lanes)}${at}, ${ms} ms batches`;
}

export const lanesText = (lanes: number): string => (lanes === 1 ? '1 lane' : `${lanes} lanes`);
