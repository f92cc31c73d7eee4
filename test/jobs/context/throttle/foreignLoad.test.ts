import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ForeignLoad } from '../../../../jobs/context/throttle/foreignLoad';

/** A session as Postgres counts it: it reports at most once a second, and ten seconds after its last work. */
class Session {
  #pending = { commits: 0, activeMs: 0 };
  #reportedAt = Number.NEGATIVE_INFINITY;
  #idleSince = 0;

  constructor(private readonly total: { commits: number; activeMs: number }) {}

  commit(at: number, activeMs: number): void {
    this.#pending.commits += 1;
    this.#pending.activeMs += activeMs;
    this.#idleSince = at;
    if (at - this.#reportedAt >= 1_000) this.#report(at);
  }

  idle(at: number): void {
    if (this.#pending.commits > 0 && at - this.#idleSince >= 10_000) this.#report(at);
  }

  #report(at: number): void {
    this.total.commits += this.#pending.commits;
    this.total.activeMs += this.#pending.activeMs;
    this.#pending = { commits: 0, activeMs: 0 };
    this.#reportedAt = at;
  }
}

/** Transactions a second of one session from one second to another, and how long each is active. */
interface Work {
  readonly perSecond: number;
  readonly activeMs: number;
  readonly from?: number;
  readonly to?: number;
}

/** What a database with these sessions shows, looked at ten times a second. */
function simulate(
  { ours = [], foreign = [] }: { ours?: readonly Work[]; foreign?: readonly Work[] },
  seconds: number,
  seen: (load: ForeignLoad, second: number) => void = () => {},
): ForeignLoad {
  const load = new ForeignLoad();
  const total = { commits: 1_000_000, activeMs: 5e6 };
  const done = { commits: 0, activeMs: 0 };
  const sessions = [...ours, ...foreign].map((work, index) => ({
    ...work,
    own: index < ours.length,
    session: new Session(total),
    // They don't begin in step.
    due: 137 * index + (work.from ?? 0) * 1_000,
  }));
  for (let at = 0; at < seconds * 1_000; at++) {
    for (const each of sessions) {
      while (each.due <= at && each.due < (each.to ?? seconds) * 1_000) {
        each.session.commit(at, each.activeMs);
        if (each.own) {
          done.commits += 1;
          done.activeMs += each.activeMs;
        }
        each.due += 1_000 / each.perSecond;
      }
      each.session.idle(at);
    }
    if (at % 100 !== 99) continue;
    const { commits: ended, activeMs } = total;
    load.add({ at, ended, activeMs, ours: { ...done }, attempts: 1 });
    seen(load, at / 1_000);
  }
  return load;
}

test('the transactions of others are counted beside our own, within some percent', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 10, max: 500 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 5, max: 100 }),
      (lanes, batches, sessions, each) => {
        const ours = Array.from({ length: lanes }, () => ({ perSecond: batches, activeMs: 1 }));
        const foreign = Array.from({ length: sessions }, () => ({ perSecond: each, activeMs: 1 }));
        const seen = simulate({ ours, foreign }, 15).perSecond ?? 0;
        // Own transactions can't be taken off exactly.
        const room = 0.05 * sessions * each + 0.05 * lanes * batches + 2;
        expect(Math.abs(seen - sessions * each)).toBeLessThan(room);
      },
    ),
    { numRuns: 30 },
  );
});

const app = (perSecond: number, from = 0, to = Number.POSITIVE_INFINITY): Work[] =>
  Array.from({ length: 4 }, () => ({ perSecond: perSecond / 4, activeMs: 0.5, from, to }));
const lanes = (count: number, perSecond: number): Work[] =>
  Array.from({ length: count }, () => ({ perSecond, activeMs: 900 / perSecond }));

/** When nobodyThere changed, in seconds. */
function changes(work: Parameters<typeof simulate>[0], seconds: number): number[] {
  const times: number[] = [];
  let before = false;
  simulate(work, seconds, ({ nobodyThere }, second) => {
    if (nobodyThere !== before) times.push(second);
    before = nobodyThere;
  });
  return times;
}

test.each<[string, Work[]]>([
  ['no lane', []],
  ['one lane of tiny batches', lanes(1, 600)],
  ['two lanes', lanes(2, 200)],
  ['four lanes of large batches', lanes(4, 10)],
])('nobody is there beside %s: it is seen within four seconds, and stays so', (_, ours) => {
  const [first = 0, ...more] = changes({ ours }, 40);
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(4.2);
  expect(more).toEqual([]);
});

test.each<[string, Work[]]>([
  ['alone', []],
  ['beside one lane of tiny batches', lanes(1, 600)],
  ['beside two lanes of large batches', lanes(2, 10)],
])(
  'an application that comes %s is seen within two seconds, and is gone within five',
  (_, ours) => {
    const [nobody, back = 0, gone = 0, ...more] = changes(
      { ours, foreign: app(200, 10.3, 30.7) },
      50,
    );
    expect(nobody).toBeLessThan(4.2);
    expect(back - 10.3).toBeLessThan(2.1);
    expect(gone - 30.7).toBeLessThan(5);
    // What its idle sessions report ten seconds later is nobody who has come back.
    expect(more).toEqual([]);
  },
);

test('lanes that rest are not taken for an application when they report late', () => {
  const ours = lanes(2, 300).map((lane) => ({ ...lane, to: 12.4 }));
  expect(changes({ ours: [...lanes(1, 300), ...ours] }, 40)).toHaveLength(1);
});

test('a handful of transactions a second is monitoring', () => {
  expect(
    changes({ ours: lanes(1, 100), foreign: [{ perSecond: 4, activeMs: 5 }] }, 30),
  ).toHaveLength(1);
});

test('an application of few transactions a second is one', () => {
  expect(changes({ ours: lanes(1, 100), foreign: app(30) }, 30)).toEqual([]);
});

test("the mean time of the application's transactions is told apart from ours", () => {
  const foreign = app(200).map((each) => ({ ...each, activeMs: 3 }));
  const { ms = 0 } = simulate({ foreign, ours: lanes(1, 200) }, 20);
  expect(ms).toBeGreaterThan(2.5);
  expect(ms).toBeLessThan(3.5);
});

test('one statement of minutes does not count as many slow ones', () => {
  const report = { perSecond: 0.001, activeMs: 600_000, from: 14 };
  const { ms = 0 } = simulate({ foreign: [...app(200), report] }, 20);
  expect(ms).toBeGreaterThan(0.4);
  expect(ms).toBeLessThan(0.7);
});

test('a time that could as well be an error of ours is not given', () => {
  const foreign = app(40).map((each) => ({ ...each, activeMs: 0.1 }));
  expect(simulate({ foreign, ours: lanes(2, 200) }, 20).ms).toBeUndefined();
});

test('without the server counting time, there is none', () => {
  const load = new ForeignLoad();
  for (let at = 0; at < 10_000; at += 100) {
    const ours = { commits: 0, activeMs: 0 };
    load.add({ at, ended: at, activeMs: undefined, ours, attempts: 1 });
  }
  expect(load.perSecond).toBeCloseTo(1_000);
  expect(load.ms).toBeUndefined();
});

test('after a reset of the statistics it begins anew', () => {
  const load = new ForeignLoad();
  const ours = { commits: 0, activeMs: 0 };
  for (let at = 0; at < 10_000; at += 100) {
    load.add({ at, ended: 1_000_000 + at, activeMs: 0, ours, attempts: 1 });
  }
  load.add({ at: 10_000, ended: 5, activeMs: 0, ours, attempts: 1 });
  expect(load.perSecond).toBeUndefined();
  expect(load.nobodyThere).toBe(false);
});
