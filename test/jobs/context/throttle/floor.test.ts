import { expect, test } from '@jest/globals';
import { Floor } from '../../../../jobs/context/throttle/floor';
import { OwnWork } from '../../../../jobs/context/throttle/ownWork';
import { Pulses } from '../../../../jobs/context/throttle/pulses';

const SECOND = 1_000;

test('without a measurement there is no floor', () => {
  expect(new Floor().read(100)).toBeUndefined();
});

test('pauses of ours show the floor, and the harm that outlasts our work does not raise it', () => {
  const floor = new Floor();
  // The first one comes right after hard work.
  floor.add(1.4, 0, 200, true);
  expect(floor.read(200)).toBe(1.4);
  for (const at of [10, 20, 30]) floor.add(0.5, at * SECOND, 200, true);
  expect(floor.read(200)).toBe(0.5);
  // One lucky pause is not the floor, either.
  floor.add(0.1, 40 * SECOND, 200, true);
  expect(floor.read(200)).toBe(0.5);
});

test('a quiet moment beside our work lowers the floor', () => {
  const floor = new Floor();
  floor.add(1.4, 0, 200, true);
  floor.add(0.5, 5 * SECOND, 200, false);
  expect(floor.read(200)).toBe(0.5);
});

test('one lucky measurement among many is not the floor', () => {
  const floor = new Floor();
  for (let at = 0; at < 20; at++) floor.add(at === 7 ? 0.1 : 0.5, at * SECOND, 200, false);
  expect(floor.read(200)).toBe(0.5);
});

test('after some minutes a measurement is forgotten', () => {
  const floor = new Floor();
  floor.add(0.5, 0, 200, true);
  floor.add(0.8, 181 * SECOND, 200, true);
  expect(floor.read(200)).toBe(0.8);
});

test('when the application does more, what was measured at less is another floor', () => {
  const floor = new Floor();
  floor.add(0.3, 0, 0, true);
  floor.add(0.9, 20 * SECOND, 600, true);
  expect(floor.read(600)).toBe(0.9);
  expect(floor.read(0)).toBe(0.3);
  // Until the first measurement at that load, the old one is better than none.
  expect(floor.read(5_000)).toBe(0.3);
});

test('the latency is the mean of about a second', () => {
  const pulses = new Pulses();
  expect(pulses.read(0)).toBeUndefined();
  for (let now = 0; now < 20; now++) pulses.add({ ms: now < 9 ? 9 : 1, at: 0 }, now * 100);
  expect(pulses.read(1_900)).toBe(1);
  // When our thread was busy, the last three count, and after a while none.
  expect(pulses.read(3_900)).toBe(1);
  expect(pulses.read(4_900 + 1)).toBeUndefined();
});

test('one that takes much longer counts, but not for more than four', () => {
  const pulses = new Pulses();
  for (let now = 0; now < 10; now++) pulses.add({ ms: now === 5 ? 90 : 1, at: 0 }, now * 100);
  expect(pulses.read(900)).toBeCloseTo(1.3);
});

test('a pulse that the server keeps waiting is a latency already', () => {
  const pulses = new Pulses();
  pulses.add({ ms: 1, at: 0 }, 0);
  expect(pulses.read(100, 100)).toBe(1);
  expect(pulses.read(900, 900)).toBe(900);
});

test('our own time is corrected by how often our sessions are seen at work', () => {
  const own = new OwnWork();
  // The client says 900 ms a second, and the server is seen at work for half of the time.
  for (let look = 0; look < 300; look++) {
    own.ended(10, 90);
    own.looked(look * 100, look % 2, new Map());
  }
  expect(own.own.commits).toBe(3_000);
  expect(own.own.activeMs / 30_000).toBeGreaterThan(0.45);
  expect(own.own.activeMs / 30_000).toBeLessThan(0.55);
});

test('what attempts beside this one do is ours, from when we looked first', () => {
  const own = new OwnWork();
  const row = (commits: number) => ({ commits, activeMs: commits * 2 });
  own.looked(0, 0, new Map([['one', row(1_000)]]));
  own.looked(100, 0, new Map([['one', row(1_010)]]));
  // One more begins; the other's row is missed once.
  own.looked(200, 0, new Map([['two', row(5)]]));
  expect(own.beside).toBe(1);
  own.looked(300, 0, new Map([['one', row(1_030)]]));
  expect(own.all).toEqual({ commits: 35, activeMs: 70 });
});
