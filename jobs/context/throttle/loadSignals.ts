import type { Attempt } from '../attempt';
import { sleep } from '../walk/sleep';
import { Canary, TRANSACTIONS_A_PULSE } from './canary';
import { readCounts } from './counts';
import { Floor } from './floor';
import { ForeignLoad } from './foreignLoad';
import { OwnWork } from './ownWork';
import { Pulses } from './pulses';
import { cappedMean } from './quantile';
import { Readable } from './readable';
import type { SignalSource, Signals } from './signals';

/** A walk that ends sooner needs no canary, and no session for it. Milliseconds. */
const START_AFTER = 200;
/**
 * Twenty a second tell in a second what is going on, and are no load. In a pause of ours it is the same:
 * a canary that comes more often finds its data and its processor warm, and is faster. Milliseconds.
 */
const EVERY = 50;
/** The database's counts change less often. */
const PULSES_A_LOOK = 2;
/** Fewer have no mean worth its name. */
const FEWEST_DRAINED = 4;
/** What is seen beside our own work is put together for this time, for the floor. Milliseconds. */
const SEEN_OVER = 5_000;

/**
 * Watches one database for an attempt, on a session of its own.
 * @example
 * const signals = new LoadSignals(attempt);
 * const watching = signals.start(ended.signal);
 * …
 * const { canaryMs, floorMs } = signals.read();
 */
export class LoadSignals implements SignalSource {
  readonly #canary: Canary;
  readonly #pulses = new Pulses();
  readonly #own = new OwnWork();
  readonly #foreign = new ForeignLoad();
  readonly #floor = new Floor();
  readonly #foreignFloor = new Floor();
  /** Since when a pulse is on its way, and how busy our thread has been until then. */
  #sent: { readonly at: number; readonly loop: ReturnType<typeof loopNow> } | undefined;
  #seen: { ms: number; at: number }[] = [];
  /** What was measured in the pause that is going on. */
  #drained: number[] | undefined;
  #wake: () => void = () => {};
  #countsReadable = false;
  readonly #readable: Readable;

  constructor(private readonly attempt: Pick<Attempt, 'canary' | 'log' | 'dry'>) {
    this.#canary = new Canary(attempt.canary);
    this.#readable = new Readable(attempt.log);
  }

  async start(signal: AbortSignal): Promise<void> {
    // It can write nothing, and it ends after some batches.
    if (this.attempt.dry) return;
    await this.#pause(START_AFTER, signal);
    for (let pulse = 0; !signal.aborted; pulse++) {
      await Promise.all([this.#pulse(), pulse % PULSES_A_LOOK === 0 && this.#look()]);
      await this.#pause(EVERY, signal);
    }
    // Until it is started again, nobody knows.
    this.#countsReadable = false;
    // When it fails, the next attempt removes the row.
    await this.#canary.end().catch(() => {});
  }

  read(): Signals {
    const perSecond = this.#countsReadable ? this.#foreign.perSecond : undefined;
    const nobodyThere = this.#countsReadable && this.#foreign.nobodyThere;
    return {
      canaryMs: this.#pulses.read(performance.now(), this.#waiting()),
      floorMs: this.#floor.read(perSecond),
      drainedMs: this.#floor.drained,
      foreignPerSecond: perSecond,
      nobodyThere,
      foreignMs: this.#countsReadable ? this.#foreign.ms : undefined,
      foreignFloorMs: this.#foreignFloor.read(perSecond),
    };
  }

  ourCommit(activeMs: number): void {
    this.#own.ended(1, activeMs);
  }

  async drained<T>(during: () => Promise<T>): Promise<T> {
    const measured: number[] = [];
    this.#drained = measured;
    this.#wake();
    try {
      return await during();
    } finally {
      this.#drained = undefined;
      const ms = measured.length >= FEWEST_DRAINED ? cappedMean(measured) : undefined;
      if (ms !== undefined) this.#floor.add(ms, performance.now(), this.#foreign.perSecond, true);
    }
  }

  /** How long the server alone keeps us waiting for a pulse, without the time of our own thread. */
  #waiting(): number {
    if (!this.#sent) return 0;
    const busy = performance.eventLoopUtilization(this.#sent.loop).active;
    return performance.now() - this.#sent.at - busy;
  }

  async #pulse(): Promise<void> {
    const drained = this.#drained;
    await this.#readable.unlessFailing('the canary', async () => {
      this.#sent = { at: performance.now(), loop: loopNow() };
      const pulse = await this.#canary.pulse(this.#own.own).finally(() => {
        this.#sent = undefined;
      });
      this.#own.ended(TRANSACTIONS_A_PULSE, 0);
      if (!pulse) return;
      this.#own.measured(pulse.ms);
      this.#pulses.add(pulse, performance.now());
      // One that was begun before the pause, or ended after it, met our own work.
      if (drained) {
        if (drained === this.#drained) drained.push(pulse.ms);
      } else this.#see(pulse.ms);
    });
  }

  /** Beside our own work, the floor is looked for, too. */
  #see(ms: number): void {
    const now = performance.now();
    this.#seen.push({ ms, at: now });
    if (now - (this.#seen[0]?.at ?? now) < SEEN_OVER) return;
    const middle = cappedMean(this.#seen.map((each) => each.ms));
    this.#seen = [];
    if (middle !== undefined) this.#floor.add(middle, now, this.#foreign.perSecond, false);
    const { ms: foreignMs, perSecond } = this.#foreign;
    if (foreignMs !== undefined) this.#foreignFloor.add(foreignMs, now, perSecond, false);
  }

  async #look(): Promise<void> {
    const read = await this.#readable.unlessFailing('what the application does', async () => {
      const { at, ended, activeMs, counted, busy, others } = await readCounts(this.attempt.canary);
      this.#own.ended(1, 0);
      this.#own.looked(at, busy, others);
      const { all: ours, beside } = this.#own;
      this.#countsReadable = counted;
      if (!counted) this.#readable.say('what the application does', 'track_counts is off');
      else if (activeMs === undefined) {
        this.#readable.say('how long its transactions take', 'that needs Postgres 14 or later');
      }
      this.#foreign.add({ at, ended, activeMs, ours, attempts: beside + 1 });
    });
    if (!read) this.#countsReadable = false;
  }

  /** Ends early when a pause of the lanes begins. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => {});
  }
}

const loopNow = () => performance.eventLoopUtilization();
