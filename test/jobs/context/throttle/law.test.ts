import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { beginTrial, verdict } from '../../../../jobs/context/throttle/law/laneTrials';
import { next, paused } from '../../../../jobs/context/throttle/law/law';
import {
  beginning,
  type LawState,
  type Seen,
} from '../../../../jobs/context/throttle/law/lawState';
import { type Bounds, type Pace, paceText } from '../../../../jobs/context/throttle/law/pace';
import { RowRate } from '../../../../jobs/context/throttle/rowRate';
import type { Signals } from '../../../../jobs/context/throttle/signals';
import { between, type Moment, mean, simulate } from './simulatedDatabase';

const BUDGET = 1.2;
const boundsOf = (lanes: number, more: Partial<Bounds> = {}): Bounds => ({
  batchMs: 100,
  lanes,
  guessed: true,
  slowdown: BUDGET,
  ...more,
});

/** What a walk takes from the database, in lanes that work all the time. */
const effort = ({ lanes, duty, batchMs }: Pace): number => lanes * duty * batchMs;
const last = (moments: readonly Moment[]): Moment => moments.at(-1) as Moment;
const meanSlowdown = (moments: readonly Moment[]) => mean(moments.map(({ slowdown }) => slowdown));

const anySeed = fc.integer({ min: 1, max: 1_000_000 });
const anyCores = fc.integer({ min: 2, max: 8 });
/** The same cases each time: what has to hold is a number with a margin, and not a law. */
const checked = { numRuns: 60, seed: 14 };

const GENTLE: Pace = { lanes: 1, batchMs: 50, duty: 0.3 };

test('a walk begins with one lane that mostly rests', () => {
  expect(beginning(boundsOf(8), 0).pace).toEqual(GENTLE);
  expect(beginning(boundsOf(8, { batchMs: 3 }), 0).pace).toEqual({ ...GENTLE, batchMs: 3 });
});

test('with nobody there, all lanes work at full speed within five seconds, and stay there', () => {
  fc.assert(
    fc.property(anySeed, fc.integer({ min: 1, max: 4 }), (seed, cores) => {
      const moments = simulate({ cores, load: () => 0, seed }, boundsOf(cores), 30);
      for (const { state } of between(moments, 5, 30)) {
        expect(state.pace).toEqual({ lanes: cores, batchMs: 100, duty: 1 });
      }
    }),
    checked,
  );
});

test('a number of lanes that the author has given is not tried step by step', () => {
  const bounds = boundsOf(12, { guessed: false });
  const moments = simulate({ cores: 2, load: () => 0 }, bounds, 5);
  expect(last(moments).state.pace.lanes).toBe(12);
});

test('lanes that do no more rows are taken back', () => {
  const moments = simulate({ cores: 2, load: () => 0 }, boundsOf(8), 60);
  const lanes = between(moments, 10, 60).map(({ state }) => state.pace.lanes);
  expect(Math.max(...between(moments, 0, 10).map(({ state }) => state.pace.lanes))).toBe(4);
  expect(lanes.filter((each) => each === 2).length / lanes.length).toBeGreaterThan(0.85);
});

test('when somebody comes, the application is within the budget after three seconds', () => {
  fc.assert(
    fc.property(
      anySeed,
      anyCores,
      fc.double({ min: 0.1, max: 0.4, noNaN: true }),
      (seed, cores, part) => {
        const load = (second: number) => (second < 20 ? 0 : part * cores);
        const moments = simulate({ cores, load, seed }, boundsOf(cores), 40);
        // It takes a second until the database has counted them, and what all lanes have written is in
        // the way for a while.
        expect(meanSlowdown(between(moments, 23.5, 27))).toBeLessThan(BUDGET + 0.05);
        for (const { state } of between(moments, 21.5, 24)) expect(state.pace.lanes).toBe(1);
      },
    ),
    checked,
  );
});

test('when their load doubles, it is gentle after six seconds, and rests if that is not enough', () => {
  const slow: number[] = [];
  fc.assert(
    fc.property(anySeed, fc.double({ min: 1, max: 2, noNaN: true }), (seed, harm) => {
      const load = (second: number) => (second < 40 ? 0.5 : 1);
      const moments = simulate({ cores: 2, load, harm, seed }, boundsOf(2), 100);
      for (const { state } of between(moments, 46, 47)) expect(effort(state.pace)).toBeLessThan(30);
      slow.push(meanSlowdown(between(moments, 75, 100)));
    }),
    checked,
  );
  // One lane that never rests would slow it down 1.6 times.
  expect(mean(slow)).toBeLessThan(BUDGET + 0.2);
});

test('when their load ends, all lanes are at full speed within ten seconds', () => {
  fc.assert(
    fc.property(anySeed, fc.double({ min: 0.2, max: 3, noNaN: true }), (seed, harm) => {
      const load = (second: number) => (second > 10 && second < 40 ? 0.8 : 0);
      const moments = simulate({ cores: 2, load, harm, seed }, boundsOf(2), 55);
      expect(last(between(moments, 0, 50)).state.pace).toEqual({ lanes: 2, batchMs: 100, duty: 1 });
    }),
    checked,
  );
});

test('beside a steady load it converges: within the budget, without oscillating', () => {
  fc.assert(
    fc.property(
      anySeed,
      anyCores,
      fc.double({ min: 0.1, max: 0.5, noNaN: true }),
      fc.double({ min: 0.3, max: 2, noNaN: true }),
      (seed, cores, part, harm) => {
        const load = () => part * cores;
        const moments = between(
          simulate({ cores, load, harm, seed }, boundsOf(cores), 180),
          60,
          180,
        );
        // What outlasts our work for a moment is in the pauses, too, so the harm looks smaller than it is.
        expect(meanSlowdown(moments)).toBeLessThan(BUDGET + 0.4);
        const speeds = moments.map(({ rowsPerSecond }) => rowsPerSecond).sort((a, b) => a - b);
        const at = (share: number) => speeds[Math.floor(speeds.length * share)] as number;
        // Lanes may still be added one by one.
        expect(at(0.9) / at(0.1)).toBeLessThan(10);
        // Nor is it within the budget because it does next to nothing.
        expect(at(0.5)).toBeGreaterThan(14_000);
        const changes = moments.filter(
          ({ state }, index) => state.pace.lanes !== moments[index - 1]?.state.pace.lanes,
        );
        expect(changes.length).toBeLessThan(20);
      },
    ),
    checked,
  );
});

test("the application's own load is not taken for ours: what does no harm goes on", () => {
  fc.assert(
    fc.property(anySeed, (seed) => {
      // Their own transactions become half as slow again, whatever we do.
      const load = (second: number) => (second < 40 ? 1 : 3);
      const moments = simulate({ cores: 4, load, harm: 0, seed }, boundsOf(4), 120);
      const { pace } = last(moments).state;
      expect(effort(pace)).toBeGreaterThanOrEqual(2);
      expect(pace.duty).toBe(1);
    }),
    checked,
  );
});

test('our own load is not taken for theirs: a slow canary slows nothing down with nobody there', () => {
  const moments = simulate({ cores: 2, load: () => 0, harm: 20 }, boundsOf(2), 30);
  expect(Math.max(...moments.map(({ slowdown }) => slowdown))).toBeGreaterThan(20);
  expect(last(moments).state.pace).toEqual({ lanes: 2, batchMs: 100, duty: 1 });
});

test('a larger budget is used', () => {
  const speed = (slowdown: number) => {
    const bounds = boundsOf(2, { slowdown });
    const moments = simulate({ cores: 2, load: () => 0.4 }, bounds, 120);
    return mean(between(moments, 60, 120).map(({ state }) => effort(state.pace)));
  };
  expect(speed(3)).toBeGreaterThan(2 * speed(1.2));
});

const CANARY = ['canaryMs', 'floorMs', 'drainedMs'] as const;
const FOREIGN = ['foreignPerSecond', 'nobodyThere', 'foreignMs', 'foreignFloorMs'] as const;

test.each([
  ['the canary', CANARY],
  ["the application's transactions", FOREIGN],
])('when %s can not be read, the other signals hold the budget', (_, missing) => {
  const database = { cores: 2, load: () => 0.4, harm: 3, missing };
  const moments = between(simulate(database, boundsOf(2), 120), 60, 120);
  // The application's own times scatter more, so more of them is taken for chance.
  expect(meanSlowdown(moments)).toBeLessThan(1.25 * BUDGET + 0.25);
});

test('when nothing can be read, it stays as it began', () => {
  const database = { cores: 2, load: () => 0, missing: [...CANARY, ...FOREIGN] };
  expect(last(simulate(database, boundsOf(2), 60)).state.pace).toEqual(GENTLE);
});

const CALM: Signals = {
  canaryMs: 0.4,
  floorMs: 0.4,
  drainedMs: 0.4,
  foreignPerSecond: 400,
  nobodyThere: false,
  foreignMs: 0.4,
  foreignFloorMs: 0.4,
};
const SILENT: Signals = {
  canaryMs: undefined,
  floorMs: 0.4,
  drainedMs: 0.4,
  foreignPerSecond: undefined,
  nobodyThere: false,
  foreignMs: undefined,
  foreignFloorMs: 0.4,
};

/** Asks the law for so many seconds, and sees the same each time. */
function after(seconds: number, before: LawState, seen: Partial<Seen>): LawState {
  let state = before;
  const until = before.at + seconds * 1_000;
  for (let now = before.at + 200; now <= until; now += 200) {
    const bounds = boundsOf(8);
    state = next(state, { signals: CALM, rowsPerSecond: 1e5, cycleMs: 10, bounds, ...seen, now });
  }
  return state;
}

test('while all lanes wait, the pace does not go up, and no lane is tried', () => {
  const state = beginning(boundsOf(8), 0);
  expect(after(60, state, { rowsPerSecond: 0 }).pace).toEqual(state.pace);
  // The same with rows.
  expect(effort(after(60, state, {}).pace)).toBeGreaterThan(10);
  const alone = { signals: { ...SILENT, nobodyThere: true }, rowsPerSecond: 0 };
  expect(after(60, state, alone).pace.lanes).toBe(2);
});

test('noise alone seldom makes the gentlest pace rest', () => {
  fc.assert(
    fc.property(anySeed, fc.double({ min: 0.1, max: 0.8, noNaN: true }), (seed, applied) => {
      const database = { cores: 2, load: () => applied, harm: 0.05, noise: 0.4, seed };
      const rested = simulate(database, boundsOf(2), 180).filter(
        ({ state }) => state.pace.duty < GENTLE.duty,
      );
      expect(rested.length).toBeLessThan(270);
    }),
    checked,
  );
});

test('one that does harm at the gentlest pace rests, after a pause has shown it', () => {
  const database = { cores: 2, load: () => 0.4, harm: 3 };
  const moments = between(simulate(database, boundsOf(2), 120), 60, 120);
  expect(meanSlowdown(moments)).toBeLessThan(BUDGET + 0.4);
  expect(mean(moments.map(({ state }) => state.pace.duty))).toBeLessThan(0.25);
});

test('what was calm while all lanes waited is no reason to go up after it', () => {
  const waited = after(60, beginning(boundsOf(8), 0), { rowsPerSecond: 0 });
  expect(after(1, waited, {}).pace).toEqual(waited.pace);
});

test('what seems too slow is proved in a pause before the pace goes down', () => {
  const fast = after(60, beginning(boundsOf(8), 0), {});
  expect(fast.pace.duty).toBe(1);
  const slow = { signals: { ...CALM, canaryMs: 0.56 } };
  const asking = after(8, fast, slow);
  expect(asking).toMatchObject({ pace: fast.pace, wantsPause: true });
  const pausedNow = paused(asking, asking.at);
  // The application is as slow without us.
  const theirs = { signals: { ...CALM, canaryMs: 0.56, drainedMs: 0.56 } };
  expect(after(6, pausedNow, theirs).pace).toEqual(fast.pace);
  const worse = { signals: { ...CALM, canaryMs: 0.65 } };
  expect(effort(after(6, pausedNow, worse).pace)).toBeLessThan(0.8 * effort(fast.pace));
});

test('plain harm does not wait for a pause', () => {
  const fast = after(60, beginning(boundsOf(8), 0), {});
  const harm = { signals: { ...CALM, canaryMs: 0.9 } };
  expect(effort(after(0.8, fast, harm).pace)).toBeLessThan(0.8 * effort(fast.pace));
});

test('when the application does much more than lately, it begins anew', () => {
  const fast = after(60, beginning(boundsOf(8), 0), {});
  const somewhatMore = { signals: { ...CALM, foreignPerSecond: 600 } };
  expect(after(0.2, fast, somewhatMore).pace).toEqual(fast.pace);
  const muchMore = { signals: { ...CALM, foreignPerSecond: 800 } };
  expect(after(0.2, fast, muchMore).pace).toEqual(GENTLE);
  // And it goes up again, once that is known.
  expect(effort(after(30, fast, muchMore).pace)).toBeGreaterThan(effort(GENTLE));
});

test('without a canary it goes no higher than it began', () => {
  const late = { ...CALM, canaryMs: undefined, floorMs: undefined, drainedMs: undefined };
  expect(after(300, beginning(boundsOf(8), 0), { signals: late }).pace).toEqual(GENTLE);
});

test('when all signals are lost, it is gentle again after three seconds', () => {
  const before = after(60, beginning(boundsOf(8), 0), {});
  expect(after(2.8, before, { signals: SILENT }).pace).toEqual(before.pace);
  const lost = after(4, before, { signals: SILENT });
  expect(lost.pace).toEqual(GENTLE);
  expect(lost.trial).toBeUndefined();
  // And it goes on when they are there again.
  expect(effort(after(60, lost, {}).pace)).toBeGreaterThan(10);
});

test('a trial lasts three batches, if they are long', () => {
  const trial = beginTrial(1, 100, 0);
  const judged = (now: number, cycleMs: number) =>
    verdict(trial, { signals: CALM, rowsPerSecond: 200, bounds: boundsOf(8), cycleMs, now }, false);
  expect(judged(2_000, 10)).toBe(true);
  expect(judged(8_900, 3_000)).toBeUndefined();
  expect(judged(9_000, 3_000)).toBe(true);
});

test('rows of long batches are a mean of two, whenever one has ended', () => {
  const rate = new RowRate();
  for (let to = 3_000; to <= 30_000; to += 3_000) rate.add(3_000, to - 3_000, to);
  expect(rate.cycleMs(1)).toBe(3_000);
  expect(rate.cycleMs(0.5)).toBe(6_000);
  for (const now of [30_010, 31_500, 32_990]) {
    expect(rate.perSecond(now, 200, 3_000)).toBeCloseTo(1_000);
  }
});

test('whatever is seen, the pace stays within its bounds', () => {
  const ms = fc.option(fc.double({ min: 0, max: 1e6 }), { nil: undefined });
  const signals: fc.Arbitrary<Signals> = fc.record({
    canaryMs: ms,
    floorMs: ms,
    drainedMs: ms,
    foreignPerSecond: ms,
    nobodyThere: fc.boolean(),
    foreignMs: ms,
    foreignFloorMs: ms,
  });
  const bounds: fc.Arbitrary<Bounds> = fc.record({
    batchMs: fc.integer({ min: 1, max: 10_000 }),
    lanes: fc.integer({ min: 1, max: 12 }),
    guessed: fc.boolean(),
    slowdown: fc.double({ min: 1.05, max: 10, noNaN: true }),
  });
  const step = fc.record({
    signals,
    bounds,
    rowsPerSecond: fc.nat(),
    cycleMs: fc.nat(),
    after: fc.nat(5_000),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 200 }), (steps) => {
      let now = 0;
      let state = beginning(steps[0]?.bounds ?? boundsOf(1), now);
      for (const { after, ...seen } of steps) {
        now += after;
        state = next(state, { ...seen, now });
        const { batchMs, lanes, duty } = state.pace;
        expect(batchMs).toBeGreaterThanOrEqual(Math.min(50, seen.bounds.batchMs));
        expect(batchMs).toBeLessThanOrEqual(seen.bounds.batchMs);
        expect(Number.isInteger(lanes) && lanes >= 1 && lanes <= seen.bounds.lanes).toBe(true);
        expect(duty).toBeGreaterThanOrEqual(0.15);
        expect(duty).toBeLessThanOrEqual(1);
        if (state.wantsPause) state = paused(state, now);
      }
    }),
  );
});

test('a pace is shown as operators read it', () => {
  expect(paceText({ lanes: 2, batchMs: 5, duty: 1 })).toBe('2 lanes, 5 ms batches');
  expect(paceText({ lanes: 1, batchMs: 2.345, duty: 0.4 })).toBe('1 lane at 40 %, 2.3 ms batches');
});
