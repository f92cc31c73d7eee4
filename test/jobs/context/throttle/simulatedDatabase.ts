import { Floor } from '../../../../jobs/context/throttle/floor';
import { next, paused } from '../../../../jobs/context/throttle/law/law';
import { beginning, type LawState } from '../../../../jobs/context/throttle/law/lawState';
import type { Bounds } from '../../../../jobs/context/throttle/law/pace';
import { cappedMean } from '../../../../jobs/context/throttle/quantile';
import type { Signals } from '../../../../jobs/context/throttle/signals';

/** A database, as far as the control law can see it. */
export interface Simulated {
  readonly cores: number;
  /** How many cores the application keeps busy, by the seconds that have passed. */
  readonly load: (second: number) => number;
  /** How much a batch is in the way of the application. 1 is about what was measured. */
  readonly harm?: number;
  /** How much a latency scatters: the standard deviation of its logarithm. */
  readonly noise?: number;
  /** Which signals can't be read. */
  readonly missing?: readonly (keyof Signals)[];
  readonly seed?: number;
}

/** What was so at one time. */
export interface Moment {
  readonly second: number;
  readonly state: LawState;
  /** By how much the application really is slowed down. */
  readonly slowdown: number;
  readonly rowsPerSecond: number;
}

const TICK = 100;
/** The law is asked at every second tick. */
const ASKED_EVERY = 200;
const BASE_MS = 0.4;
const PAUSE_MS = 1_000;
/** Of a pause, this is not measured. */
const SETTLING_MS = 500;
const PULSES_A_TICK = 2;
const A_SECOND = (1_000 / TICK) * PULSES_A_TICK;
/** What is left of a swell after a tick, and how much of the noise comes in swells. */
const SWELL_LASTS = 0.95;
const SWELL = 0.1;

/** Lets the law work on a simulated database, and says what was so at each of its steps. */
export function simulate(database: Simulated, bounds: Bounds, seconds: number): Moment[] {
  const { cores, load, harm = 1, noise = 0.35, missing = [], seed = 1 } = database;
  const normal = normalOf(seed);
  const floors = { canary: new Floor(), foreign: new Floor() };
  const canary: number[] = [];
  const foreign: number[] = [];
  const rows: number[] = [];
  const loads: number[] = [];
  const drained: number[] = [];
  const moments: Moment[] = [];
  let lasting = 0;
  let swell = 0;
  let pausedUntil = 0;
  let state = beginning(bounds, 0);
  for (let now = 0; now < seconds * 1_000; now += TICK) {
    const isPaused = now < pausedUntil;
    const applied = load(now / 1_000);
    loads.unshift(applied);
    const { lanes, duty, batchMs } = state.pace;
    const own = isPaused ? 0 : lanes * duty;
    const free = Math.max(cores * 0.3, cores - applied);
    const tight = Math.max(0, applied + own - cores * 0.8) / cores;
    const harmNow = harm * ((own / cores) * 1.5 + tight * 2);
    // What was written is still in the way for a while.
    lasting = harmNow > lasting ? harmNow * 0.9 + lasting * 0.1 : lasting * 0.8 + harmNow * 0.2;
    const slowdown = 1 + lasting;
    const aloneMs = BASE_MS * (1 + (applied / cores) ** 2);
    // What else goes on (a flush, a vacuum) slows all down for a second or two.
    swell = swell * SWELL_LASTS + noise * SWELL * normal();
    const noisy = () => Math.exp(noise * normal() + swell);
    for (let i = 0; i < PULSES_A_TICK; i++) canary.unshift(aloneMs * slowdown * noisy());
    foreign.unshift(aloneMs * slowdown * noisy());
    rows.unshift((Math.min(own, free) * 1e5 * batchMs) / (batchMs + 0.6));
    const perSecond = mean(loads.slice(10, 30)) * 400;
    if (isPaused && now >= pausedUntil - PAUSE_MS + SETTLING_MS)
      for (let i = 0; i < PULSES_A_TICK; i++) drained.push(aloneMs * slowdown * noisy());
    if (drained.length > 0 && !isPaused) {
      floors.canary.add(cappedMean(drained) ?? 0, now, perSecond, true);
      drained.length = 0;
    }
    if (now % 5_000 === 4_900) {
      floors.canary.add(cappedMean(canary.slice(0, 5 * A_SECOND)) ?? 0, now, perSecond, false);
      if (applied > 0) floors.foreign.add(mean(foreign.slice(0, 100)), now, perSecond, false);
    }
    if (now % ASKED_EVERY !== 0 || isPaused) continue;
    const all: Signals = {
      canaryMs: now < 500 ? undefined : cappedMean(canary.slice(0, A_SECOND)),
      floorMs: floors.canary.read(perSecond),
      drainedMs: floors.canary.drained,
      foreignPerSecond: perSecond,
      nobodyThere: loads.length > 30 && loads.slice(10, 30).every((each) => each === 0),
      foreignMs: applied > 0 && now > 5_000 ? mean(foreign.slice(0, 100)) : undefined,
      foreignFloorMs: floors.foreign.read(perSecond),
    };
    const signals: Signals = {
      ...all,
      ...Object.fromEntries(missing.map((name) => [name, undefined])),
      nobodyThere: all.nobodyThere && !missing.includes('nobodyThere'),
    };
    const rowsPerSecond = mean(rows.slice(0, 10));
    const cycleMs = state.pace.batchMs / state.pace.duty;
    state = next(state, { signals, rowsPerSecond, cycleMs, bounds, now });
    moments.push({ second: now / 1_000, state, slowdown, rowsPerSecond });
    if (state.wantsPause) {
      pausedUntil = now + PAUSE_MS;
      state = paused(state, pausedUntil);
    }
  }
  return moments;
}

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, each) => sum + each, 0) / values.length;

/** The moments between two seconds. */
export const between = (moments: readonly Moment[], from: number, to: number): Moment[] =>
  moments.filter(({ second }) => second >= from && second < to);

/** Numbers of the standard normal distribution. */
function normalOf(seed: number): () => number {
  const random = randomOf(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let at = seed;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
