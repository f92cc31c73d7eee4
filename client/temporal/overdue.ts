/**
 * Whether the Schedule's next check should have been long ago. Temporal's timers stand still then, as
 * they do after its machine's clock was wrong and put right. After it was behind, they go on when the
 * server is restarted. After it was ahead, all timers, also new ones, wait until the time that it showed.
 */
export const isOverdue = (next: Date, now = Date.now()): boolean => now - next.getTime() > LATE;

/** Temporal is seldom later than seconds, and this machine's clock may be a little ahead. Milliseconds. */
const LATE = 60_000;
