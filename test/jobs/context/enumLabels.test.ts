import { afterEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { BadRow } from '../../../jobs/context/badRow';
import { useDatabase } from '../../support/database';
import { beginAttempt, withAttempt } from './attempts';

// Labels of an enum in a walk's key change while the walk is under way. The ends of its ranges are
// stored as labels.
const database = useDatabase();
const ROWS = 60;

afterEach(() =>
  database.sql.unsafe(`
    drop table if exists items; drop domain if exists key; drop type if exists pair, moods, mood;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges,
      long_running_migrations.skipped_rows`),
);

/** Types of a key that hold the enum `mood`, and a value of the type that holds `m`. */
const TYPES = {
  'the enum': { define: '', type: 'mood', value: 'm' },
  'a domain over it': { define: 'create domain key as mood', type: 'key', value: 'm' },
  'an array of it': { define: '', type: 'mood[]', value: 'array[m, m]' },
  'an array of a domain over it': {
    define: 'create domain key as mood',
    type: 'key[]',
    value: 'array[m, m]::key[]',
  },
  'a range of it': {
    define: 'create type moods as range (subtype = mood)',
    type: 'moods',
    value: `moods(m, m, '[]')`,
  },
  'a composite type with it': {
    define: 'create type pair as (number integer, mood mood)',
    type: 'pair',
    value: 'row(1, m)::pair',
  },
} as const;

type TypeName = keyof typeof TYPES;
const names = Object.keys(TYPES) as TypeName[];

/** Twenty rows with each of three values. Their labels are in the order a, b, c. */
function createItems(name: TypeName = 'the enum') {
  const { define, type, value } = TYPES[name];
  return database.sql.unsafe(`
    create type mood as enum ('a', 'b', 'c'); ${define};
    create table items (key ${type}, number integer, touched integer not null default 0,
      primary key (key, number));
    insert into items select ${value}, i from (
      select (enum_range(null::mood))[1 + i % 3] as m, i from generate_series(1, ${ROWS}) i) r`);
}

const rename = (from: string, to: string) => `alter type mood rename value '${from}' to '${to}';`;
/** 'a' now names the last value, and 'c' the first. */
const SWAP = rename('a', 'x') + rename('c', 'a') + rename('x', 'c');
/** 'b' now names a value that comes before all others. */
const REPLACE = `${rename('b', 'old')} alter type mood add value 'b' before 'a';`;
const change = (script: string) => database.sql.unsafe(script);

const options = {
  key: [sql`key`, sql`number`],
  throttle: false,
  lanes: 1,
  batchSize: { min: 6, max: 6 },
} as const;

type Hooks = Readonly<Record<number, () => Promise<unknown>>>;

/**
 * Walks in one attempt.
 * @param hooks what to do in a batch's body after its statement, by the batch's number
 */
const walk = (hooks: Hooks = {}, stopAfter = Number.POSITIVE_INFINITY) => {
  let batches = 0;
  return withAttempt(database, async ({ job, stop }) => {
    await job.inBatches(sql`items`, options, async (tx, batch) => {
      batches += 1;
      await tx.execute(sql`update items set touched = touched + 1 where ${batch}`);
      await hooks[batches]?.();
      if (batches === stopAfter) stop(new Error('enough'));
    });
  });
};

/** The number of rows by how often they were touched. */
async function touches() {
  const rows = await database.sql<{ touched: number; rows: number }[]>`
    select touched, count(*)::int as rows from items group by 1 order by 1`;
  return Object.fromEntries(rows.map(({ touched, rows }) => [touched, rows]));
}

const REFUSED = /has changed since it began: labels of the enum\. Change it back/;
const ENDED = { name: 'AttemptOutdated', message: expect.stringContaining('an enum in the key') };

test.each(names)('a walk along %s goes on while no label changes', async (name) => {
  await createItems(name);
  await expect(walk({}, 4)).rejects.toThrow('enough');
  await walk();
  expect(await touches()).toEqual({ 1: ROWS });
});

test.each(names)(
  'a walk along %s is refused when labels were swapped between two attempts',
  async (name) => {
    await createItems(name);
    await expect(walk({}, 4)).rejects.toThrow('enough');
    const before = await touches();
    await change(SWAP);
    await expect(walk()).rejects.toThrow(REFUSED);
    await expect(walk()).rejects.toThrow(REFUSED);
    expect(await touches()).toEqual(before);
    await change(SWAP);
    await walk();
    expect(await touches()).toEqual({ 1: ROWS });
  },
);

test.each([
  ['has got the name of a new value', REPLACE],
  ['is gone', rename('b', 'old')],
])('a walk is refused when a label %s', async (_, script) => {
  await createItems();
  await expect(walk({}, 4)).rejects.toThrow('enough');
  await change(script);
  await expect(walk()).rejects.toThrow(REFUSED);
});

test.each(names)(
  'labels of %s that are swapped between the check of a batch and its COMMIT roll it back',
  async (name) => {
    await createItems(name);
    await expect(walk({ 3: () => change(SWAP) })).rejects.toMatchObject(ENDED);
    expect(await touches()).toEqual({ 0: ROWS - 12, 1: 12 });
    await expect(walk()).rejects.toThrow(REFUSED);
    expect(await touches()).toEqual({ 0: ROWS - 12, 1: 12 });
  },
);

test('labels that are swapped there and back roll the batch back, and the walk goes on', async () => {
  await createItems();
  await expect(walk({ 3: () => change(SWAP + SWAP) })).rejects.toMatchObject(ENDED);
  expect(await touches()).toEqual({ 0: ROWS - 12, 1: 12 });
  await walk();
  expect(await touches()).toEqual({ 1: ROWS });
});

test.each([
  ['swapped', SWAP],
  ['gone', rename('a', 'x') + rename('b', 'y') + rename('c', 'z')],
])('an attempt ends when labels are %s between two batches', async (_, script) => {
  await createItems();
  let changed = false;
  let batches = 0;
  // Called before a batch, outside of its transaction.
  const check = async () => {
    if (batches >= 3 && !changed) {
      changed = true;
      await change(script);
    }
    return undefined;
  };
  const throttle = { dutyCycle: 1, replicaLag: false, check } as const;
  const walking = withAttempt(database, ({ job }) =>
    job.inBatches(sql`items`, { ...options, throttle }, async (tx, batch) => {
      await tx.execute(sql`update items set touched = touched + 1 where ${batch}`);
      batches += 1;
      // The throttler calls the check at most once per second.
      if (batches === 3) await new Promise((resolve) => setTimeout(resolve, 1_000));
    }),
  );
  await expect(walking).rejects.toMatchObject(ENDED);
  expect(await touches()).toEqual({ 0: ROWS - 18, 1: 18 });
  await expect(walk()).rejects.toThrow(REFUSED);
});

test('a walk whose labels change before its end is stored is not begun', async () => {
  await createItems();
  const attempt = await beginAttempt(database);
  try {
    // What the attempt reads before it stores the walk takes a moment: the labels change in it.
    const execute = attempt.db.execute.bind(attempt.db);
    let changed = false;
    attempt.db.execute = ((query: never) => {
      if (changed) return execute(query);
      changed = true;
      return change(SWAP).then(() => execute(query));
    }) as never;
    await expect(attempt.job.inBatches(sql`items`, options, async () => {})).rejects.toMatchObject(
      ENDED,
    );
    expect(changed).toBe(true);
  } finally {
    await attempt.end();
  }
  expect(await database.sql`select 1 from long_running_migrations.walks`).toHaveLength(0);
  await walk();
  expect(await touches()).toEqual({ 1: ROWS });
});

test.each(names)('a walk along %s goes on after a value was added', async (name) => {
  await createItems(name);
  await expect(walk({}, 3)).rejects.toThrow('enough');
  await change(`alter type mood add value 'new' before 'b'`);
  await walk();
  expect(await touches()).toEqual({ 1: ROWS });
});

test('a walk goes on in the next attempt when a value is added while it runs', async () => {
  await createItems();
  const add = () => change(`alter type mood add value 'new' after 'a'`);
  await expect(walk({ 3: add })).rejects.toMatchObject(ENDED);
  expect(await touches()).toEqual({ 0: ROWS - 12, 1: 12 });
  await walk();
  expect(await touches()).toEqual({ 1: ROWS });
});

test('a walk is refused when a value was added during it, and then renamed', async () => {
  await createItems();
  await expect(walk({}, 3)).rejects.toThrow('enough');
  await change(`alter type mood add value 'new' before 'b'`);
  await change(`insert into items select 'new', i from generate_series(1, 20) i`);
  await expect(walk({}, 3)).rejects.toThrow('enough');
  await change(rename('new', 'old'));
  await change(`alter type mood add value 'new' after 'c'`);
  await expect(walk()).rejects.toThrow(REFUSED);
});

test('a walk of an older version, without labels, goes on and keeps them from then on', async () => {
  await createItems();
  await expect(walk({}, 3)).rejects.toThrow('enough');
  await change(`update long_running_migrations.walks set shape = shape - 'labels'`);
  await expect(walk({}, 3)).rejects.toThrow('enough');
  await change(SWAP);
  await expect(walk()).rejects.toThrow(REFUSED);
  await change(SWAP);
  await walk();
  expect(await touches()).toEqual({ 1: ROWS });
});

test('a walk goes on along an enum whose values have other OIDs after a dump, in their old order', async () => {
  await createItems();
  await expect(walk({}, 4)).rejects.toThrow('enough');
  const recreate = (labels: string) =>
    change(`alter type mood rename to moods; create type mood as enum (${labels});
      alter table items alter key type mood using key::text::mood; drop type moods`);
  await recreate(`'c', 'b', 'a'`);
  await expect(walk()).rejects.toThrow(REFUSED);
  await recreate(`'a', 'new', 'b', 'c'`);
  await walk();
  expect(await touches()).toEqual({ 1: ROWS });
});

test('a row that was skipped is not done again under a label that names another value', async () => {
  await createItems();
  const skipping = (body: () => Promise<void>) =>
    withAttempt(database, ({ job }) =>
      job.inBatches(sql`items`, { ...options, onError: 'skip' }, async (tx, batch) => {
        await tx.execute(sql`update items set touched = touched + 1 where ${batch}`);
        const bad = await tx.execute(sql`select from items where ${batch} and number = 3`);
        if (bad.length > 0) await body();
      }),
    );
  await skipping(async () => {
    throw new BadRow('no');
  });
  expect(await touches()).toEqual({ 0: 1, 1: ROWS - 1 });
  await change(`update long_running_migrations.skipped_rows set again = true`);
  await expect(skipping(() => change(SWAP).then(() => {}))).rejects.toMatchObject(ENDED);
  await expect(skipping(async () => {})).rejects.toThrow(REFUSED);
  expect(await touches()).toEqual({ 0: 1, 1: ROWS - 1 });
  expect(await database.sql`select 1 from long_running_migrations.skipped_rows`).toHaveLength(1);
});

test('the shape of a walk without enums has no labels', async () => {
  await database.sql.unsafe(`
    create table items (key integer, number integer, touched integer not null default 0,
      primary key (key, number));
    insert into items select i, i from generate_series(1, ${ROWS}) i`);
  await walk();
  const [row] = await database.sql`select shape from long_running_migrations.walks`;
  expect(Object.keys(row?.['shape'] as object).sort()).toEqual([
    'direction',
    'identity',
    'key',
    'schema',
    'table',
    'types',
    'where',
  ]);
});
