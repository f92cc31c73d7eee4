import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BatchSize } from '../../../../jobs/context/walk/batchSize';
import { between, bounds, SimulatedWalk, type Simulation, simulations } from './simulatedWalk';

/** The same walks each time. The bounds below were exceeded by none of 20,000 other ones. */
const fixed = { seed: 14, numRuns: 300 } as const;
/** 9,800 rows in 100 ms. */
const ORDINARY = { fixed: 2, perRow: 0.01, target: 100, noise: 0.1, lag: 1, first: 100, seed: 1 };
/** Batches until the size is found, without those whose ranges were looked up before. */
const SOON = 20;

/** The time of the largest of the last batches, to what it should be. */
function expectNear(walk: SimulatedWalk): void {
  expect(walk.largest).toBeGreaterThan(0.5);
  expect(walk.largest).toBeLessThan(2.1);
}

test('the size is found soon, whatever a batch and a row cost', () => {
  fc.assert(
    fc.property(simulations, (simulation) => {
      expectNear(new SimulatedWalk(simulation).run(SOON * (simulation.lag + 1)));
    }),
    fixed,
  );
});

test('without noise the size is right to a fifth, and stays but for trials', () => {
  fc.assert(
    fc.property(simulations, between(100, 1_000), (simulation, rows) => {
      const { fixed: ms, target } = simulation;
      const perRow = Math.max(ms, target - ms) / rows;
      const walk = new SimulatedWalk({ ...simulation, perRow, noise: 0 });
      walk.run(3 * SOON * (simulation.lag + 1));
      expect(walk.largest).toBeGreaterThan(0.75);
      expect(walk.largest).toBeLessThan(1.2);
      const before = walk.batches.length;
      const later = walk.run(200).batches.slice(before);
      // A trial changes the size, and what was learned from it may change it once more.
      const changes = later.filter((size, index) => index > 0 && size !== later[index - 1]);
      expect(changes.length).toBeLessThan(20);
    }),
    fixed,
  );
});

test('while the size is found, no batch takes much longer than the first one, or than it should', () => {
  fc.assert(
    fc.property(simulations, (simulation) => {
      const walk = new SimulatedWalk(simulation).run(SOON * (simulation.lag + 1));
      const longest = Math.max(...walk.batches.map((rows) => walk.ms(rows)));
      const most = Math.max(walk.ms(simulation.first), walk.ms(walk.ideal));
      expect(longest / most).toBeLessThan(2.2);
    }),
    fixed,
  );
});

test('also after an accident among the first batches, the others are not much longer', () => {
  // Each of these would have batches far too large if growth had one limit less.
  const wrong = { fixed: 500, perRow: 1, target: 463, noise: 0.2, lag: 1, first: 1 };
  const examples: [Simulation, number, number][] = [
    [{ ...wrong, seed: -1035446336 }, 1, 8.010560624783842],
    [{ ...ORDINARY, fixed: 0, perRow: 1, target: 2.172, noise: 0, lag: 0, first: 1 }, 0, 3.683],
  ];
  fc.assert(
    fc.property(simulations, fc.nat(6), between(2, 10), (simulation, at, times) => {
      const lanes = simulation.lag + 1;
      const walk = new SimulatedWalk(simulation)
        .run(at * lanes)
        .run(1, times)
        .run(SOON * lanes);
      const longest = Math.max(...walk.batches.map((rows) => walk.ms(rows)));
      const most = Math.max(walk.ms(simulation.first), walk.ms(walk.ideal));
      expect(longest / most).toBeLessThan(6);
    }),
    { ...fixed, examples },
  );
});

test('the size is a whole number within its bounds, whatever happens', () => {
  const events = fc.array(
    fc.oneof(
      fc.record({ rows: fc.nat(50_000), ms: fc.oneof(fc.constant(0), between(0.01, 1e7)) }),
      fc.record({ targetMs: between(0.1, 1e5) }),
      fc.constant('halve' as const),
    ),
    { maxLength: 200 },
  );
  const sizes = fc.tuple(fc.integer({ min: 1, max: 500 }), fc.nat(50_000));
  fc.assert(
    fc.property(sizes, between(1, 1e5), events, ([min, more], targetMs, all) => {
      const size = new BatchSize({ min, max: min + more }, targetMs);
      for (const event of all) {
        if (event === 'halve') size.halve();
        else if ('targetMs' in event) size.targetMs = event.targetMs;
        else size.took(event.rows, event.ms);
        expect(Number.isInteger(size.rows)).toBe(true);
        expect(size.rows).toBeGreaterThanOrEqual(min);
        expect(size.rows).toBeLessThanOrEqual(min + more);
        expect(size.targetMs).toBeLessThanOrEqual(targetMs);
      }
    }),
  );
});

test('one slow batch hardly changes the size, and after some more ones it is forgotten', () => {
  fc.assert(
    fc.property(simulations, between(3, 20), (simulation, times) => {
      const walk = new SimulatedWalk(simulation).run(2 * SOON * (simulation.lag + 1));
      const before = walk.size.rows;
      walk.run(1, times);
      expect(walk.size.rows).toBeGreaterThanOrEqual(Math.floor(before / 2));
      expectNear(walk.run(SOON * (simulation.lag + 1)));
    }),
    fixed,
  );
});

test('the size follows a target that changes, at once', () => {
  fc.assert(
    fc.property(simulations, between(2, 100), (simulation, times) => {
      const soon = SOON * (simulation.lag + 1);
      const walk = new SimulatedWalk(simulation).run(2 * soon);
      walk.size.targetMs = Math.max(2, simulation.target / times);
      expect(walk.ms(walk.size.rows) / walk.ms(walk.ideal)).toBeLessThan(5);
      expectNear(walk.run(soon));
      walk.size.targetMs = simulation.target;
      expectNear(walk.run(soon));
    }),
    fixed,
  );
});

test('the target never exceeds the one of the author', () => {
  const size = new BatchSize(bounds, 100);
  size.targetMs = 500;
  expect(size.targetMs).toBe(100);
  size.targetMs = 5;
  expect(size.targetMs).toBe(5);
});

test('the same target again changes nothing, also not a trial', () => {
  const alone = new SimulatedWalk({ ...ORDINARY, perRow: 0.5 }).run(100);
  const walk = new SimulatedWalk({ ...ORDINARY, perRow: 0.5 });
  for (let batch = 0; batch < 100; batch++) {
    walk.run(1);
    walk.size.targetMs = ORDINARY.target;
  }
  expect(walk.batches).toEqual(alone.batches);
  const trial = walk.batches.find((rows, index) => rows < 0.7 * (walk.batches[index - 1] ?? 0));
  expect(trial).toBeDefined();
});

test('the size follows rows that come to cost more or less', () => {
  fc.assert(
    fc.property(simulations, between(0.1, 10), (simulation, times) => {
      const { fixed: ms, perRow, lag } = simulation;
      const walk = new SimulatedWalk(simulation).run(2 * SOON * (lag + 1));
      walk.cost = { fixed: ms, perRow: perRow * times };
      walk.run(2 * SOON * (lag + 1));
      expect(walk.largest).toBeGreaterThan(0.4);
      expect(walk.largest).toBeLessThan(2.5);
    }),
    fixed,
  );
});

test('the size follows a cost that drifts, also after a long time', () => {
  const walk = new SimulatedWalk({ ...ORDINARY, perRow: 0.1 }).run(2_000);
  for (let batch = 0; batch < 300; batch++) {
    walk.cost = { ...walk.cost, perRow: walk.cost.perRow * 1.005 };
    expect(walk.run(1).largest).toBeLessThan(1.3);
  }
});

test('a batch that is suddenly slow for good makes the next ones smaller', () => {
  const walk = new SimulatedWalk({ ...ORDINARY, perRow: 0.1 }).run(SOON);
  expect(walk.size.rows).toBeGreaterThan(800);
  walk.cost = { fixed: 2, perRow: 2 };
  expect(walk.run(3).size.rows).toBeLessThan(100);
});

test('batches whose cost is mostly fixed are as fast as with the best fixed size', () => {
  const walk = new SimulatedWalk({ ...ORDINARY, fixed: 200, perRow: 0.004 }).run(SOON);
  const speed = (rows: number) => rows / walk.ms(rows);
  expect(speed(walk.size.rows)).toBeGreaterThan(0.9 * speed(bounds.max));
  expect(walk.size.isMostlyFixed).toBe(true);
  expect(walk.size.details).toEqual({
    batchSize: walk.size.rows,
    fixedMs: Math.round(walk.size.fixedMs as number),
  });
  expect(walk.size.fixedMs).toBeGreaterThan(160);
  expect(walk.size.fixedMs).toBeLessThan(240);
});

test('a fixed cost that is a small part of the target is not shown', () => {
  const { size } = new SimulatedWalk(ORDINARY).run(SOON);
  expect(size.details).toEqual({ batchSize: size.rows });
});

test('the size halves after a timeout, and recovers slowly', () => {
  const walk = new SimulatedWalk({ ...ORDINARY, perRow: 0.1 }).run(SOON);
  const before = walk.size.rows;
  walk.size.halve();
  expect(walk.size.rows).toBe(Math.round(before / 2));
  // It does not grow back at once: those who waited would wait again.
  expect(walk.run(2).size.rows).toBeLessThan(before * 0.7);
  expect(walk.run(60).size.rows).toBeGreaterThan(before * 0.8);
});

test('timeouts make a batch smaller, also if its cost is mostly fixed', () => {
  const walk = new SimulatedWalk({ ...ORDINARY, fixed: 200, perRow: 0.1 }).run(2 * SOON);
  for (let timeouts = 0; timeouts < 3; timeouts++) {
    const before = walk.size.rows;
    walk.size.halve();
    expect(walk.size.rows).toBe(Math.round(before / 2));
    expect(walk.run(2).size.rows).toBeLessThan(before * 0.75);
  }
});

test('quick batches of ranges that were cut short do not count', () => {
  const { size } = new SimulatedWalk({ ...ORDINARY, perRow: 0.1 }).run(SOON);
  const before = size.rows;
  size.took(3, 1);
  size.took(3, 50);
  expect(size.rows).toBe(before);
});

test('no trial is made where the largest size is quick enough', () => {
  const size = new BatchSize({ min: 1, max: 50 }, 100);
  for (let batch = 0; batch < 100; batch++) {
    size.took(50, 10);
    expect(size.rows).toBe(50);
  }
});
