import { type Bounds, type Pace, within } from './pace';

/** Short enough that a transaction which meets a batch hardly notices. Milliseconds. */
const GENTLE_MS = 5;

/** What is begun with beside others: one lane and short batches. */
export const gentlePace = (bounds: Bounds): Pace =>
  within({ batchMs: GENTLE_MS, lanes: 1, duty: 1 }, bounds);
