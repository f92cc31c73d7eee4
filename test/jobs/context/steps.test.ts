import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { useDatabase } from '../../support/database';
import { beginAttempt, type TestAttempt, withAttempt } from './attempts';

const database = useDatabase();
const transient = Object.assign(new Error('the service is down'), { code: 'ECONNRESET' });

beforeEach(() =>
  database.sql.unsafe(`
    create table ledger (id integer primary key, touched integer not null default 0);
    insert into ledger select generate_series(1, 100);
    create table effects (what text)`),
);

afterEach(() =>
  database.sql.unsafe(`
    drop table ledger, effects;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges,
      long_running_migrations.steps`),
);

const options = { key: sql`id`, throttle: false, batchSize: { min: 10, max: 10 } } as const;
const once = { transaction: true } as const;
const items = () => ['a', 'b'];

const attempt = <T>(work: (attempt: TestAttempt) => Promise<T>) => withAttempt(database, work);

/** Touches each row of the ledger. */
const touch = ({ job }: TestAttempt, named: { readonly name?: string } = {}) =>
  job.inBatches(sql`ledger`, { ...options, ...named }, async (tx, batch) => {
    await tx.execute(sql`update ledger set touched = touched + 1 where ${batch}`);
  });

const touches = async () => {
  const rows = await database.sql`select distinct touched from ledger order by 1`;
  return rows.map(({ touched }) => touched);
};
const effects = async () => (await database.sql`select what from effects`).map(({ what }) => what);
const stored = () => database.sql`
  select name, result, completed_at is not null as done from long_running_migrations.steps order by id`;

test('a step is done once, shown while it runs, and later attempts get what it returned', async () => {
  const calls: number[] = [];
  const pass = (number: number) =>
    attempt(async ({ job, reports, kept }) => {
      const result = await job.step('swap', async () => {
        calls.push(number);
        expect(reports.at(-1)).toEqual({ step: 'swap' });
        return { z: 1, a: [null, 'ä\u0000"'], at: new Date(0), none: undefined };
      });
      const shown = reports.flatMap(({ step }) => (step === undefined ? [] : [step]));
      return { result, shown, kept: kept() };
    });
  const result = { z: 1, a: [null, 'ä\u0000"'], at: '1970-01-01T00:00:00.000Z' };
  expect(await pass(1)).toEqual({ result, shown: ['swap', null], kept: 1 });
  const again = await pass(2);
  expect(again).toEqual({ result, shown: [], kept: 0 });
  expect(Object.keys(again.result)).toEqual(['z', 'a', 'at']);
  expect(calls).toEqual([1]);
});

test.each([
  ['nothing', undefined, null],
  ['null', null, 'null'],
  ['false', false, 'false'],
  ['a text', '2024', '"2024"'],
])('a step that returns %s gives it to later attempts', async (_, value, text) => {
  for (let i = 0; i < 2; i++) {
    expect(await attempt(({ job }) => job.step('x', () => value))).toBe(value);
  }
  expect(await stored()).toEqual([{ name: 'x', result: text, done: true }]);
});

const circle: { self?: unknown } = {};
circle.self = circle;

test.each([
  ['a function', () => () => {}, 'holds a function'],
  ['a function inside', () => ({ a: [() => {}] }), 'holds a function'],
  ['a bigint', () => 1n, 'holds a bigint'],
  ['NaN', () => [Number.NaN], 'holds NaN'],
  ['a circle', () => circle, "can't be written as JSON"],
  ['too much', () => 'x'.repeat(1024 * 1024), 'has more than 1 MiB'],
])(
  'a result that is %s is refused in one line, and rolls a transaction back',
  async (_, make, why) => {
    const step = attempt(({ job }) =>
      job.step('x', once, async (tx) => {
        await tx.execute(sql`insert into effects values ('x')`);
        return make();
      }),
    );
    await expect(step).rejects.toMatchObject({
      name: 'JobUsageError',
      message: expect.stringMatching(new RegExp(`^the result of step 'x' ${why}.*$`)),
    });
    expect(await effects()).toEqual([]);
    expect(await stored()).toEqual([{ name: 'x', result: null, done: false }]);
  },
);

test('the transaction of a step and the note that it is done commit together, or not at all', async () => {
  const insert = (fails: boolean) =>
    attempt(({ job }) =>
      job.step('fill', once, async (tx) => {
        await tx.execute(sql`insert into effects values ('x')`);
        if (fails) throw transient;
        return 'filled';
      }),
    );
  await expect(insert(true)).rejects.toBe(transient);
  expect(await effects()).toEqual([]);
  expect(await insert(false)).toBe('filled');
  expect(await insert(false)).toBe('filled');
  expect(await effects()).toEqual(['x']);
});

test('the transaction of a step is tried again after a deadlock, and gives up a lock after two seconds', async () => {
  let tries = 0;
  await attempt(({ job }) =>
    job.step('fill', once, async (tx) => {
      tries += 1;
      await tx.execute(sql`insert into effects values (current_setting('lock_timeout'))`);
      if (tries === 1) await tx.execute(sql`do $$ begin raise sqlstate '40P01'; end $$`);
    }),
  );
  expect(tries).toBe(2);
  expect(await effects()).toEqual(['2s']);
});

test('a step that sends COMMIT fails, and is not stored as done', async () => {
  const step = attempt(({ job }) =>
    job.step('x', once, async (tx) => {
      await tx.execute(sql`insert into effects values ('x')`);
      await tx.execute(sql`commit`);
    }),
  );
  await expect(step).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
  expect(await stored()).toMatchObject([{ done: false }]);
});

test('a superseded attempt stores no step', async () => {
  const old = await beginAttempt(database);
  try {
    const body = async () => (await beginAttempt(database)).end();
    await expect(old.job.step('x', body)).rejects.toMatchObject({ name: 'Superseded' });
    expect(await stored()).toEqual([{ name: 'x', result: null, done: false }]);
    await expect(old.job.step('y', async () => {})).rejects.toMatchObject({ name: 'Superseded' });
    expect(await stored()).toHaveLength(1);
  } finally {
    await old.end();
  }
});

test.each([undefined, once])(
  'a step that ended early because of a stop is not done: %j',
  async (form) => {
    const reason = new Error('time is up');
    const stopped = attempt(({ job, stop, signal }) => {
      const body = async () => {
        stop(reason);
        // As a body does that looks at the signal now and then.
        if (signal.aborted) return;
        throw new Error('it went on');
      };
      return form ? job.step('x', form, body) : job.step('x', body);
    });
    await expect(stopped).rejects.toBe(reason);
    expect(await stored()).toEqual([{ name: 'x', result: null, done: false }]);
  },
);

test('a step is not done when a walk inside of it failed, although its body caught the error', async () => {
  const failing = ({ job }: TestAttempt) =>
    job.step('fill', async () => {
      await job
        .inBatches(sql`ledger`, options, async () => {
          throw transient;
        })
        .catch(() => {});
    });
  await expect(attempt(failing)).rejects.toMatchObject({
    name: 'UnfinishedWalk',
    cause: transient,
  });
  expect(await stored()).toMatchObject([{ done: false }]);
});

test('a step is not done while a walk that it did not await still runs', async () => {
  await attempt(async (own) => {
    let walk: Promise<void> | undefined;
    const step = own.job.step('fill', async () => {
      walk = touch(own);
    });
    await expect(step).rejects.toThrow(
      /step 'fill' returned while its walk 'step "fill": 1' was still running: await it/,
    );
    await walk;
  });
  expect(await stored()).toMatchObject([{ done: false }]);
});

test('what a step did not await can begin no walk after its end', async () => {
  await attempt(async (own) => {
    let proceed = () => {};
    const ended = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    let late: Promise<void> | undefined;
    await own.job.step('fill', async () => {
      late = ended.then(() => touch(own));
      late.catch(() => {});
    });
    proceed();
    await expect(late).rejects.toThrow("after its step 'fill' has ended");
  });
  expect(await touches()).toEqual([0]);
});

test('a step that failed does not begin again in the same attempt, so no walk in it is done twice', async () => {
  const seen: number[] = [];
  const pass = (attempts: number) =>
    attempt(async (own) => {
      const step = () =>
        own.job.step('fill', async () => {
          await touch(own);
          seen.push(attempts);
          if (attempts === 1) throw transient;
        });
      await step().catch(() => {});
      if (attempts === 1) {
        await expect(step()).rejects.toMatchObject({ name: 'UnfinishedStep', cause: transient });
        expect(() => own.walks.requireComplete()).toThrow(
          expect.objectContaining({ name: 'UnfinishedStep', cause: transient }),
        );
      } else own.walks.requireComplete();
    });
  await pass(1);
  await pass(2);
  expect(seen).toEqual([1, 2]);
  expect(await touches()).toEqual([1]);
});

test('a step that still runs when run() returns is an error that says so', async () => {
  await attempt(async ({ job, walks }) => {
    const step = job.step('fill', async () => {});
    expect(() => walks.requireComplete()).toThrow(
      /run\(\) returned while step 'fill' was still running: await it/,
    );
    await step;
    walks.requireComplete();
  });
});

test('two steps of one name are refused, also when the first was done by an earlier attempt', async () => {
  const twice = ({ job }: TestAttempt) =>
    job.step('x', async () => 1).then(() => job.step('x', async () => 2));
  for (let i = 0; i < 2; i++) {
    await expect(attempt(twice)).rejects.toThrow("this job has two of step 'x'");
  }
  const both = ({ job }: TestAttempt) =>
    Promise.all([job.step('y', async () => {}), job.step('y', async () => {})]);
  await expect(attempt(both)).rejects.toThrow("this job has two of step 'y'");
});

test.each<[string, (attempt: TestAttempt) => Promise<unknown>, string]>([
  [
    'inside of a batch',
    ({ job }) => job.inBatches(sql`ledger`, options, () => job.step('x', () => {})),
    "step 'x' can't begin inside of inBatches: done for one item",
  ],
  [
    'inside of forEach',
    ({ job }) =>
      job.forEach(items, { cursor: (item) => item }, async () => {
        await job.step('x', () => {});
      }),
    "step 'x' can't begin inside of forEach: done for one item",
  ],
  [
    'inside of a step',
    ({ job }) => job.step('outer', () => job.step('x', () => {})),
    "step 'x' can't begin inside of step 'outer'",
  ],
  [
    'inside of a transaction',
    ({ job }) => job.step('outer', once, () => job.step('x', () => {})),
    "step 'x' can't begin inside of a step with { transaction: true }",
  ],
  [
    'a walk inside of a transaction',
    (own) => own.job.step('outer', once, () => touch(own)),
    "a walk can't begin inside of a step with { transaction: true }",
  ],
  ['without a name', ({ job }) => job.step('', () => {}), 'a step needs a name'],
  ['with two lines', ({ job }) => job.step('a\nb', () => {}), 'a step needs a name'],
  [
    'without a function',
    ({ job }) => job.step('x', undefined as unknown as () => void),
    "step 'x' needs a function",
  ],
  [
    'with other options',
    ({ job }) => job.step('x', { transaction: false } as never, () => {}),
    "the options of step 'x' are not { transaction: true }",
  ],
  [
    'a walk with the name of one in a step',
    (own) => touch(own, { name: 'step "fill": 1' }),
    `a walk's name can't begin with 'step "'`,
  ],
])('refused: %s', async (_, work, message) => {
  await expect(attempt(work)).rejects.toMatchObject({
    name: 'JobUsageError',
    message: expect.stringContaining(message),
  });
  expect(await touches()).toEqual([0]);
});

test('walks keep their numbers when steps before them are skipped, and their rows stay counted', async () => {
  const pass = (stopAfter: number) =>
    attempt(async (own) => {
      let walked = 0;
      const walk = async () => {
        if (walked++ === stopAfter) throw transient;
        await touch(own);
      };
      await own.job.step('first', async () => {
        await walk();
        await walk();
      });
      await walk();
      await own.job.step('second', walk);
      await walk();
      return own.reports.at(-1);
    });
  await expect(pass(2)).rejects.toBe(transient);
  // The first step is skipped from here on, and then its two walks.
  await expect(pass(1)).rejects.toBe(transient);
  await expect(pass(2)).rejects.toBe(transient);
  expect(await pass(10)).toMatchObject({ done: 500, total: 500 });
  expect(await touches()).toEqual([5]);
});

test('walks inside of forEach do not change the number of the walk after it', async () => {
  const pass = (fails: boolean) =>
    attempt(async (own) => {
      await own.job.forEach(items, { cursor: (item) => item }, async (item) => {
        const pages = { cursor: (page: string) => page, name: `pages of ${item}` };
        await own.job.forEach(items, pages, async () => {});
      });
      await touch(own);
      if (fails) throw transient;
    });
  await expect(pass(true)).rejects.toBe(transient);
  await pass(false);
  expect(await touches()).toEqual([1]);
});
