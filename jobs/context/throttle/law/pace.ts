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

/** Smaller batches cost much more for each row: what a batch costs besides its rows is about this. */
const LEAST_BATCH_MS = 3;
/** The walk has to end some day, also when something else keeps the application slow. */
const LEAST_DUTY = 0.1;

export const leastBatchMs = ({ batchMs }: Bounds): number => Math.min(LEAST_BATCH_MS, batchMs);

/** The gentlest pace that does not rest, or gentler. */
export const isLeast = (pace: Pace, bounds: Bounds): boolean =>
  pace.lanes === 1 && pace.batchMs <= leastBatchMs(bounds);

/** As hard as the author allows. */
export const fullPace = ({ batchMs, lanes }: Bounds): Pace => ({ batchMs, lanes, duty: 1 });

/** The pace within bounds that may have changed: another walk has begun or ended. */
export const within = ({ batchMs, lanes, duty }: Pace, bounds: Bounds): Pace => ({
  batchMs: Math.max(leastBatchMs(bounds), Math.min(bounds.batchMs, batchMs)),
  lanes: Math.max(1, Math.min(bounds.lanes, lanes)),
  duty: Math.max(LEAST_DUTY, Math.min(1, duty)),
});

/**
 * Takes less from the database: shorter batches first, then fewer lanes, then rest.
 * @param factor what is left, 0 to 1
 * @param much whether it has to help at once: then lanes go together with the batch time
 */
export function slower(pace: Pace, factor: number, much: boolean, bounds: Bounds): Pace {
  const least = leastBatchMs(bounds);
  const batchMs = Math.max(least, pace.batchMs * factor);
  if (pace.lanes > 1 && (much || pace.batchMs <= least)) {
    return { ...pace, batchMs, lanes: Math.floor(pace.lanes / 2) };
  }
  if (pace.batchMs > least) return { ...pace, batchMs };
  return within({ ...pace, duty: pace.duty * factor }, bounds);
}

/** Gives up rest first, and lengthens batches then. More lanes are tried; see the control law. */
export function faster(pace: Pace, factor: number, bounds: Bounds): Pace {
  if (pace.duty < 1) return { ...pace, duty: Math.min(1, pace.duty * factor) };
  return { ...pace, batchMs: Math.min(bounds.batchMs, pace.batchMs * factor) };
}

/** '2 lanes, 5 ms batches'. */
export function paceText({ batchMs, lanes, duty }: Pace): string {
  const at = duty < 1 ? ` at ${Math.round(duty * 100)} %` : '';
  const ms = batchMs < 10 ? Math.round(batchMs * 10) / 10 : Math.round(batchMs);
  return `${lanesText(lanes)}${at}, ${ms} ms batches`;
}

export const lanesText = (lanes: number): string => (lanes === 1 ? '1 lane' : `${lanes} lanes`);
