import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../../support/database';
import { type TestAttempt, withAttempt } from '../attempts';

const database = useDatabase();
const ROWS = 100;
const letters = pgTable('letters', { id: integer('id').primaryKey() });

beforeEach(() =>
  database.sql.unsafe(`create table letters (id integer primary key);
    insert into letters select generate_series(1, ${ROWS})`),
);
afterEach(() =>
  database.sql.unsafe(`drop table letters;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges`),
);

const all = Array.from({ length: ROWS }, (_, i) => i + 1);
const after = (cursor: number | undefined) => all.slice(cursor ?? 0).map((id) => ({ id }));

interface Options {
  readonly pageSize: number;
  readonly concurrency?: number;
  readonly checkpointEvery?: number;
}
type Pages = (
  attempt: TestAttempt,
  options: Options,
  body: (page: { id: number }[]) => Promise<unknown>,
) => Promise<void>;

/** The same walk over the rows of a table, and over items. */
const walks: Record<string, Pages> = {
  rows: ({ job }, options, body) =>
    job.forEach(letters, { key: letters.id, ...options }, (page) => body(page)),
  items: ({ job }, options, body) =>
    job.forEach(after, { cursor: ({ id }) => id, ...options }, body),
};

/** The ID up to which all is stored as done. */
async function storedPlace(): Promise<number> {
  const [walk] = await database.sql<{ place: number }[]>`
    select greatest(0, (low_water_mark[1])::int, (cursor #>> '{}')::int,
      (select max(upto[1]::int) from long_running_migrations.finished_ranges)) as place
    from long_running_migrations.walks`;
  return walk?.place ?? 0;
}

const ids = (page: readonly { id: number }[]) => page.map(({ id }) => id);
const turn = () => new Promise(setImmediate);

describeEach('gives pages of up to the given size, as many at a time as given', async (pages) => {
  const seen: number[][] = [];
  let [running, most] = [0, 0];
  await withAttempt(database, (attempt) =>
    pages(attempt, { pageSize: 7, concurrency: 5 }, async (page) => {
      running += 1;
      most = Math.max(most, running);
      seen.push(ids(page));
      for (let i = 0; i < 20; i++) await turn();
      running -= 1;
    }),
  );
  expect(most).toBe(5);
  expect(seen.flat()).toEqual(all);
  expect(Math.max(...seen.map((page) => page.length))).toBe(7);
  // 98 of the rows are in whole pages, and checkpointEvery is 100: 14 pages and two rows.
  expect(seen).toHaveLength(15);
});

describeEach(
  'stores what comes before a page that fails, when all others have ended',
  async (pages) => {
    const done: number[] = [];
    let running = 0;
    const broken = withAttempt(database, (attempt) =>
      pages(attempt, { pageSize: 5, concurrency: 4 }, async (page) => {
        running += 1;
        try {
          // The pages that were begun before and with it end later.
          if (page[0]?.id === 31) throw new Error('service down');
          for (let i = 0; i < 10 * (page[0]?.id ?? 0); i++) await turn();
          done.push(...ids(page));
        } finally {
          running -= 1;
        }
      }),
    );
    await expect(broken).rejects.toThrow('service down');
    expect(running).toBe(0);
    expect(await storedPlace()).toBe(30);
    expect(done.filter((id) => id <= 30)).toHaveLength(30);
    expect(done.filter((id) => id > 30).length).toBeLessThanOrEqual(15);
    const again: number[] = [];
    await withAttempt(database, (attempt) =>
      pages(attempt, { pageSize: 5, concurrency: 4 }, async (page) => again.push(...ids(page))),
    );
    expect(again.sort((a, b) => a - b)).toEqual(all.slice(30));
  },
);

describeEach('begins no page when it has to stop, and stores those that ended', async (pages) => {
  const reason = new Error('time is up');
  const begun: number[] = [];
  const stopped = withAttempt(database, (attempt) =>
    pages(attempt, { pageSize: 5, concurrency: 3 }, async (page) => {
      begun.push(...ids(page));
      if (page[0]?.id === 21) attempt.stop(reason);
      await turn();
    }),
  );
  await expect(stopped).rejects.toBe(reason);
  expect(await storedPlace()).toBe(begun.length);
  expect(begun.length).toBeLessThanOrEqual(35);
});

describeEach('stores nothing of pages after it has been superseded', async (pages) => {
  const old = withAttempt(database, (attempt) =>
    pages(attempt, { pageSize: 10, concurrency: 2, checkpointEvery: 10 }, async (page) => {
      if (page[0]?.id === 31) await withAttempt(database, async () => {});
    }),
  );
  await expect(old).rejects.toMatchObject({ name: 'Superseded' });
  expect(await storedPlace()).toBeLessThanOrEqual(30);
});

describeEach('calls the body again after trouble of the database that passes', async (pages) => {
  const calls: number[] = [];
  await withAttempt(database, (attempt) =>
    pages(attempt, { pageSize: 50 }, async (page) => {
      calls.push(page[0]?.id ?? 0);
      if (calls.length === 2 || calls.length === 3) {
        await attempt.db.execute(
          sql.raw(`do $$ begin raise exception using errcode = '40P01'; end $$`),
        );
      }
    }),
  );
  expect(calls).toEqual([1, 51, 51, 51]);
});

describeEach('gives a page up after ten tries, and at once after other errors', async (pages) => {
  for (const [code, tries] of [['57014', 10] as const, ['23505', 1] as const]) {
    let calls = 0;
    const hopeless = withAttempt(database, (attempt) =>
      pages(attempt, { pageSize: 50 }, async () => {
        calls += 1;
        await attempt.db.execute(
          sql.raw(`do $$ begin raise exception using errcode = '${code}'; end $$`),
        );
      }),
    );
    await expect(hopeless).rejects.toMatchObject({ cause: { code } });
    expect(calls).toBe(tries);
    expect(await storedPlace()).toBe(0);
  }
});

describeEach('does not call the body again when a walk in it has failed', async (_, over) => {
  let calls = 0;
  const failing = withAttempt(database, ({ job }) => {
    const body = async ({ id }: { id: number }) => {
      calls += 1;
      await job.inBatches(letters, { key: letters.id, name: `letters of ${id}` }, async () => {
        throw Object.assign(new Error('a deadlock elsewhere'), { code: '40001' });
      });
    };
    return over === 'rows'
      ? job.forEach(letters, { key: letters.id }, (row) => body(row))
      : job.forEach(after, { cursor: ({ id }) => id }, body);
  });
  await expect(failing).rejects.toThrow('a deadlock elsewhere');
  expect(calls).toBe(1);
});

describeEach('does not call the body again when a walk in it is complete', async (_, over) => {
  const calls: number[] = [];
  const attempt = () =>
    withAttempt(database, ({ job, db }) => {
      const body = async ({ id }: { id: number }) => {
        calls.push(id);
        await job.inBatches(letters, { key: letters.id, name: `of ${id}` }, async () => {});
        if (calls.length !== 2) return;
        await db.execute(sql.raw(`do $$ begin raise exception using errcode = '40P01'; end $$`));
      };
      const few = { where: sql`id <= 3`, throttle: false } as const;
      return over === 'rows'
        ? job.forEach(letters, { key: letters.id, ...few }, (row) => body(row))
        : job.forEach(three, { cursor: ({ id }) => id }, body);
    });
  const three = (from: number | undefined) => after(from).filter(({ id }) => id <= 3);
  // Called again, it would begin its walk again: a mistake of the job, which no attempt repeats.
  await expect(attempt()).rejects.toMatchObject({ cause: { code: '40P01' } });
  await attempt();
  expect(calls).toEqual([1, 2, 2, 3]);
});

test('a table that is locked for a while when the place is stored does not end the walk', async () => {
  const calls: number[] = [];
  let unlocked: Promise<unknown> = Promise.resolve();
  await withAttempt(database, ({ job }) =>
    job.forEach(letters, { key: letters.id, pageSize: 50, checkpointEvery: 50 }, async (page) => {
      calls.push(page[0]?.id ?? 0);
      if (calls.length > 1) return;
      await new Promise<void>((locked) => {
        unlocked = database.sql.begin(async (tx) => {
          await tx`lock table letters in access exclusive mode`;
          locked();
          // Longer than the walk waits for a lock.
          await tx`select pg_sleep(0.8)`;
        });
      });
    }),
  );
  await unlocked;
  expect(calls).toEqual([1, 51]);
  expect(await storedPlace()).toBe(100);
});

test.each([
  [{ total: 1.5 }, 'total is 1.5; it must be a whole number'],
  [{ total: -1 }, 'total is -1; it must be a whole number'],
  [{ cursor: undefined as never }, 'forEach over items needs `cursor`'],
])('items with %j are refused before anything is stored', async (wrong, why) => {
  const options = { cursor: ({ id }: { id: number }) => id, ...wrong };
  const refused = withAttempt(database, ({ job }) => job.forEach(after, options, async () => {}));
  await expect(refused).rejects.toMatchObject({
    name: 'JobUsageError',
    message: expect.stringContaining(why),
  });
  expect(await database.sql`select 1 from long_running_migrations.walks`).toHaveLength(0);
});

describeEach('refuses options that make no sense, before anything is stored', async (pages) => {
  for (const [options, why] of [
    [{ pageSize: 0 }, 'pageSize is 0; it must be a whole number from 1 to 10000'],
    [
      { pageSize: 5, concurrency: 101 },
      'concurrency is 101; it must be a whole number from 1 to 100',
    ],
    [{ pageSize: 50, checkpointEvery: 49 }, 'checkpointEvery is 49, less than pageSize (50)'],
  ] as const) {
    const refused = withAttempt(database, (attempt) => pages(attempt, options, async () => {}));
    await expect(refused).rejects.toMatchObject({
      name: 'JobUsageError',
      message: expect.stringContaining(why),
    });
  }
  expect(await database.sql`select 1 from long_running_migrations.walks`).toHaveLength(0);
});

test('rows of which few match are given in pages, too, and the place passes over the others', async () => {
  const seen: number[][] = [];
  const where = sql`id % 40 = 0`;
  await withAttempt(database, ({ job }) =>
    job.forEach(letters, { key: letters.id, where, pageSize: 2, concurrency: 3 }, async (page) =>
      seen.push(ids(page)),
    ),
  );
  expect(seen.flat()).toEqual([40, 80]);
  expect(await storedPlace()).toBe(100);
});

test('the cursor of a page is read before the body, which may change its items', async () => {
  await withAttempt(database, ({ job }) =>
    job.forEach(
      after,
      { cursor: (item) => item.id, pageSize: 10, concurrency: 2 },
      async (page) => {
        for (const item of page) item.id = -1;
      },
    ),
  );
  expect(await storedPlace()).toBe(100);
});

test('a position that the body changes afterwards is stored as it was', async () => {
  const position = { at: 0 };
  const cursor = ({ id }: { id: number }) => Object.assign(position, { at: id });
  const broken = withAttempt(database, ({ job }) =>
    job.forEach(
      after as (from?: { at: number }) => { id: number }[],
      { cursor },
      async ({ id }) => {
        position.at = 1_000;
        if (id === 4) throw new Error('service down');
      },
    ),
  );
  await expect(broken).rejects.toThrow('service down');
  const [walk] = await database.sql`select cursor from long_running_migrations.walks`;
  expect(walk).toEqual({ cursor: { at: 3 } });
});

test.each([
  [
    'throws',
    () => {
      throw new TypeError('no position');
    },
    'no position',
  ],
  ['returns a promise', async () => 1, 'it must return the position'],
  ['returns nothing', () => undefined, 'it must return the position'],
  ['returns null', () => null, 'it must return the position'],
  ['returns NaN', () => Number.NaN, 'it must return the position'],
  ['returns a bigint', () => 1n, 'it must return the position'],
])('a cursor that %s ends the walk before any work', async (_, cursor: () => unknown, why) => {
  let calls = 0;
  const refused = withAttempt(database, ({ job }) =>
    job.forEach(after, { cursor: cursor as () => number, pageSize: 10 }, async () => {
      calls += 1;
    }),
  );
  await expect(refused).rejects.toThrow(why);
  expect(calls).toBe(0);
});

test('items that a source gave before it failed are done, also in a page that is not full', async () => {
  async function* failing(cursor: number | undefined) {
    for (const item of after(cursor)) {
      if (item.id === 38) throw new Error('the service is down');
      yield item;
    }
  }
  const seen: number[][] = [];
  const walk = withAttempt(database, ({ job }) =>
    job.forEach(failing, { cursor: ({ id }) => id, pageSize: 20, concurrency: 2 }, async (page) =>
      seen.push(ids(page)),
    ),
  );
  await expect(walk).rejects.toThrow('the service is down');
  expect(seen.map((page) => page.length)).toEqual([20, 17]);
  expect(await storedPlace()).toBe(37);
});

test('a failed page does not wait for an item that never comes', async () => {
  async function* endless() {
    yield* after(undefined).slice(0, 20);
    await new Promise(() => {});
  }
  const walk = withAttempt(database, ({ job }) =>
    job.forEach(endless, { cursor: ({ id }) => id, pageSize: 10, concurrency: 4 }, async (page) => {
      await turn();
      if (page[0]?.id === 11) throw new Error('service down');
    }),
  );
  await expect(walk).rejects.toThrow('service down');
  expect(await storedPlace()).toBe(10);
});

test('walks under names of their own run inside of pages at the same time', async () => {
  await database.sql`create table copies (page integer, id integer)`;
  await withAttempt(database, async ({ job, walks: tally }) => {
    const options = { key: letters.id, pageSize: 10, concurrency: 4 };
    await job.forEach(letters, options, async (page) => {
      const name = `copies of ${page[0]?.id}`;
      const inner = { key: letters.id, throttle: false, name } as const;
      await job.inBatches(letters, inner, async (tx, batch) => {
        await tx.execute(
          sql`insert into copies select ${page[0]?.id}, id from letters where ${batch}`,
        );
      });
    });
    tally.requireComplete();
  });
  const copies =
    await database.sql`select count(*)::int as rows, count(distinct (page, id))::int as distinct
    from copies`;
  expect(copies).toEqual([{ rows: 10 * ROWS, distinct: 10 * ROWS }]);
  await database.sql`drop table copies`;
});

/** One test for rows and one for items. */
function describeEach(what: string, run: (pages: Pages, over: string) => Promise<void>): void {
  for (const [over, pages] of Object.entries(walks)) {
    test(`forEach over ${over} ${what}`, () => run(pages, over));
  }
}
