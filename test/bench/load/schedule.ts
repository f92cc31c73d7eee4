/** A time during which the application has the same number of users. */
export interface Phase {
  /** Transactions per second of all clients together. 0: nobody is there. */
  readonly perSecond: number;
  /** How long it lasts. Infinity: until the load is stopped. */
  readonly ms: number;
}

/**
 * When the transactions of one client are due, in milliseconds after the start. The clients take
 * turns, so that transactions come evenly.
 */
export function* dueTimes(
  phases: readonly Phase[],
  client: number,
  clients: number,
): Generator<number> {
  let begun = 0;
  for (const { perSecond, ms } of phases) {
    const between = 1_000 / perSecond;
    for (let turn = client; perSecond > 0 && turn * between < ms; turn += clients) {
      yield begun + turn * between;
    }
    begun += ms;
  }
}
