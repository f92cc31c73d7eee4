import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eq, isNull, type SQL, sql } from 'drizzle-orm';
import { integer, pgSchema, pgTable, text } from 'drizzle-orm/pg-core';
import type { IndexOptions } from '../../../jobs/context/index';
import type { TableReference } from '../../../jobs/context/names';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { beginAttempt, type TestAttempt, withAttempt } from './attempts';

const database = useDatabase();

const users = pgTable('users', {
  id: integer('id').primaryKey(),
  email: text('email'),
  state: text('state'),
  note: text('note'),
});
const Odd = pgSchema('Odd "schema"').table('Odd table', {
  id: integer('the id').primaryKey(),
  email: text('E-mail'),
});

beforeEach(() =>
  database.sql.unsafe(`
    create table users (id integer primary key, email text, state text, note text);
    insert into users select i, 'P' || i, 'new', 'a note' from generate_series(1, 500) i;
    create materialized view emails as select id, email from users;
    create schema "Odd ""schema""";
    create table "Odd ""schema"""."Odd table" ("the id" integer primary key, "E-mail" text);
    create table parts (id integer primary key) partition by range (id);
    create table parts_1 partition of parts for values from (1) to (100);
    create view names as select email from users`),
);
afterEach(() =>
  database.sql.unsafe(`drop table users, parts cascade; drop schema "Odd ""schema""" cascade;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges,
      long_running_migrations.steps`),
);

const create =
  (name: string, table: TableReference, definition: SQL, options?: IndexOptions) =>
  ({ job }: TestAttempt) =>
    job.createIndexConcurrently(name, table, definition, options);
const attempt = <T>(work: (attempt: TestAttempt) => Promise<T>) => withAttempt(database, work);

/** The indexes of our tables besides those of primary keys. */
const indexes = async (): Promise<{ name: string; valid: boolean; id: string }[]> => [
  ...(await database.sql<{ name: string; valid: boolean; id: string }[]>`
    select c.relname as name, i.indisvalid as valid, c.oid::text as id
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where not i.indisprimary and n.nspname in ('public', 'Odd "schema"') order by 1`),
];

/** Leaves an index that is not valid, as a killed build does. */
async function breakIndex(name: string, definition = '(email)'): Promise<void> {
  await database.sql.unsafe(`create index "${name}" on users ${definition}`);
  await database.sql`
    update pg_index set indisvalid = false where indexrelid = ${name}::regclass`;
}

test.each<[string, TableReference, SQL, IndexOptions?]>([
  ['a column', users, sql`(${users.email})`],
  ['a plain name', sql`public.users`, sql`(email)`],
  ['a unique one', users, sql`(${users.id}, ${users.email})`, { unique: true }],
  ['an expression with its table', users, sql`(lower(users.email), ${users.state})`],
  ['a partial one', users, sql`(${users.email}) where ${isNull(users.note)}`],
  ['values', users, sql`(${users.email}) where ${eq(users.state, "it's\\n")} and id > ${7}`],
  ['an operator class', users, sql`(${users.email} text_pattern_ops DESC NULLS LAST)`],
  ['a collation', users, sql`(${users.email} collate "C")`],
  ['included columns', users, sql`(${users.email}) include (${users.note})`],
  ['a method and its options', users, sql`using hash (email) with (fillfactor = 50)`],
  ['a materialized view', sql`emails`, sql`(lower(email))`],
  ['a partition', sql`parts_1`, sql`(id)`],
  ['quoted names', Odd, sql`(${Odd.email}, lower(${Odd.email}))`],
])(
  'creates an index over %s once, and finds it again',
  async (_, ...[table, definition, options]) => {
    for (let i = 0; i < 2; i++) await attempt(create('Its "name"', table, definition, options));
    const [index, ...more] = await indexes();
    expect(index).toMatchObject({ name: 'Its "name"', valid: true });
    expect(more).toEqual([]);
    await attempt(create('Its "name"', table, definition, options));
    expect(await indexes()).toEqual([index]);
  },
);

test.each<[string, SQL, IndexOptions?]>([
  ['other columns', sql`(state)`],
  ['a condition', sql`(email) where state = 'new'`],
  ['another order', sql`(email desc)`],
  ['another collation', sql`(email collate "C")`],
  ['another operator class', sql`(email text_pattern_ops)`],
  ['another method', sql`using hash (email)`],
  ['more columns', sql`(email) include (note)`],
  ['other options', sql`(email) with (fillfactor = 50)`],
  ['unique', sql`(email)`, { unique: true }],
])('an index of that name with %s is refused, and stays', async (_, ...[definition, options]) => {
  await database.sql`create index by_email on users (email)`;
  const before = await indexes();
  await expect(attempt(create('by_email', users, definition, options))).rejects.toMatchObject({
    name: 'JobUsageError',
    message: expect.stringMatching(/^index by_email is there already with another definition: .+$/),
  });
  expect(await indexes()).toEqual(before);
});

test('drops what is left of a killed build, and nothing that looks like it', async () => {
  await breakIndex('by_email');
  await breakIndex('by_state', '(state)');
  await breakIndex('lrm_leftover_1');
  await attempt(create('by_email', users, sql`(${users.email})`));
  expect(await indexes()).toMatchObject([
    { name: 'by_email', valid: true },
    // Neither is ours: another name, and a name that does not hold its own OID.
    { name: 'by_state', valid: false },
    { name: 'lrm_leftover_1', valid: false },
  ]);
  await expect(attempt(create('by_state', users, sql`(note)`))).rejects.toThrow(
    'index by_state is there already with another definition, and is not valid',
  );
  expect(await indexes()).toHaveLength(3);
});

test('goes on to drop what an attempt had renamed when it was killed', async () => {
  await breakIndex('by_email');
  const [broken] = await indexes();
  await database.sql.unsafe(`alter index by_email rename to lrm_leftover_${broken?.id}`);
  await attempt(create('by_email', users, sql`(${users.email})`));
  expect((await indexes()).map(({ name }) => name)).toEqual(['by_email']);
});

test('drops what is left of its own build when the rows are not unique, and keeps that error', async () => {
  await database.sql`update users set email = 'same' where id < 3`;
  const build = attempt(create('by_email', users, sql`(${users.email})`, { unique: true }));
  await expect(build).rejects.toMatchObject({ code: '23505' });
  expect(await indexes()).toEqual([]);
});

test('a failed build may be tried again in the same attempt; one that stays failed is not forgotten', async () => {
  await database.sql`update users set email = 'same' where id < 3`;
  await attempt(async (own) => {
    const unique = create('by_email', users, sql`(${users.email})`, { unique: true });
    const failure = await unique(own).catch((error) => error);
    expect(() => own.walks.requireComplete()).toThrow(
      expect.objectContaining({ name: 'UnfinishedStep', cause: failure }),
    );
    await database.sql`delete from users where id = 1`;
    await unique(own);
    own.walks.requireComplete();
  });
});

test('an index that failed is not forgotten when one of that name is built in another schema', async () => {
  await database.sql`update users set email = 'same' where id < 3`;
  await attempt(async (own) => {
    const unique = create('by_email', users, sql`(${users.email})`, { unique: true });
    const failure = await unique(own).catch((error) => error);
    await create('by_email', Odd, sql`(${Odd.email})`)(own);
    expect(() => own.walks.requireComplete()).toThrow(
      expect.objectContaining({ name: 'UnfinishedStep', cause: failure }),
    );
  });
});

test('a build that fails each time ends after ten tries, with the error that it failed with', async () => {
  await database.sql.unsafe(`
    create sequence tries;
    create function fails(t text) returns text language plpgsql immutable as $$
    begin perform nextval('public.tries'); raise sqlstate '40P01'; end $$`);
  try {
    const build = attempt(create('by_email', users, sql`(fails(email))`));
    await expect(build).rejects.toMatchObject({ code: '40P01' });
    expect(await database.sql`select last_value::int from tries`).toEqual([{ last_value: 10 }]);
    expect(await indexes()).toEqual([]);
  } finally {
    await database.sql`drop function fails cascade`;
    await database.sql`drop sequence tries`;
  }
}, 90_000);

test('many builds at once take one session, next to a walk with all its lanes', async () => {
  await attempt(async ({ job }) => {
    const walk = job.inBatches(
      users,
      { key: users.id, lanes: 12, throttle: false, batchSize: { max: 20 } },
      (tx, batch) => tx.update(users).set({ note: 'done' }).where(batch),
    );
    const builds = Array.from({ length: 20 }, (_, i) =>
      job.createIndexConcurrently(`by_email_${i}`, users, sql`(lower(${users.email}))`),
    );
    await Promise.all([walk, ...builds]);
  });
  const found = await indexes();
  expect(found).toHaveLength(20);
  expect(found.every(({ valid }) => valid)).toBe(true);
}, 60_000);

test('waits for older transactions without limit, and shows for which session it waits', async () => {
  await attempt(async ({ job, reports }) => {
    let build: Promise<void> = Promise.resolve();
    await database.sql.begin('isolation level repeatable read', async (tx) => {
      const [session] = await tx`select pg_backend_pid() as pid from users limit 1`;
      build = job.createIndexConcurrently('by_email', users, sql`(email)`);
      await waitFor('the build to wait longer than its lock timeout', async () => {
        const [waiting] = await database.sql`
          select from pg_stat_activity where query ilike 'create%index concurrently%'
            and wait_event_type = 'Lock' and query_start < clock_timestamp() - interval '2.5 s'`;
        return waiting !== undefined;
      });
      const shown = reports.map(({ step }) => step).join('\n');
      expect(shown).toMatch(`waits for session ${session?.['pid']}`);
      expect(shown).toMatch(/^index by_email: waiting for old snapshots/m);
    });
    await build;
    expect(reports.at(-1)).toEqual({ step: null });
  });
  expect(await indexes()).toMatchObject([{ name: 'by_email', valid: true }]);
});

test('waits politely for its lock: two seconds, and again', async () => {
  await attempt(async ({ job, reports }) => {
    let build: Promise<void> = Promise.resolve();
    await database.sql.begin(async (tx) => {
      await tx`lock table users in share update exclusive mode`;
      build = job.createIndexConcurrently('by_email', users, sql`(email)`);
      await waitFor('a lock timeout', async () =>
        reports.some(({ step }) => step === 'index by_email: tries again after SQLSTATE 55P03'),
      );
      const waiting = await database.sql`
        select from pg_locks where mode = 'ShareUpdateExclusiveLock' and relation = 'users'::regclass`;
      expect(waiting.length).toBeLessThanOrEqual(2);
    });
    await build;
  });
  expect(await indexes()).toMatchObject([{ name: 'by_email', valid: true }]);
});

test('a stop cancels a build that waits, and the next attempt drops what is left of it', async () => {
  const reason = new Error('time is up');
  const own = await beginAttempt(database);
  try {
    let build: Promise<void> = Promise.resolve();
    await database.sql.begin('isolation level repeatable read', async (tx) => {
      await tx`select from users limit 1`;
      build = own.job.createIndexConcurrently('by_email', users, sql`(email)`);
      build.catch(() => {});
      await waitFor('the build to wait', async () =>
        own.reports.some(({ step }) => step?.includes('waiting for old snapshots')),
      );
      own.stop(reason);
      await expect(build).rejects.toBe(reason);
    });
    // The drop waits for older transactions, too, and may not delay the end of the attempt.
    expect((await indexes()).map(({ valid }) => valid)).toEqual([false]);
  } finally {
    await own.end();
  }
  await attempt(create('by_email', users, sql`(email)`));
  expect(await indexes()).toMatchObject([{ name: 'by_email', valid: true }]);
});

test('a stop cancels a build that works, and what is left of it is dropped', async () => {
  await database.sql.unsafe(`
    create function slow(t text) returns text language plpgsql immutable as $$
    begin perform pg_sleep(0.1); return t; end $$`);
  const reason = new Error('time is up');
  await attempt(async (own) => {
    const build = create('by_email', users, sql`(slow(email))`)(own);
    build.catch(() => {});
    await waitFor('the build to work', async () =>
      own.reports.some(({ step }) => step?.includes('building index: scanning table')),
    );
    own.stop(reason);
    await expect(build).rejects.toBe(reason);
  });
  expect(await indexes()).toEqual([]);
  await database.sql`drop function slow`;
});

test('a build that waits for an idle transaction of the job fails, and says so', async () => {
  await attempt(async ({ job, db }) => {
    const build = db.transaction(async (tx) => {
      await tx.execute(sql`update users set note = 'mine' where id = 1`);
      await job.createIndexConcurrently('by_email', users, sql`(email)`);
    });
    await expect(build).rejects.toMatchObject({
      name: 'OwnTransaction',
      message: expect.stringContaining('end the transaction first'),
    });
  });
}, 60_000);

test.each<[string, string, TableReference, SQL, IndexOptions | undefined, string]>([
  ['a partitioned table', 'x', sql`parts`, sql`(id)`, undefined, 'is partitioned'],
  ['a view', 'x', sql`names`, sql`(email)`, undefined, 'is not a table'],
  ['no table', 'x', sql`nowhere`, sql`(id)`, undefined, 'there is no table nowhere'],
  ['a name of a table', 'parts', users, sql`(id)`, undefined, 'something else of that name'],
  ['an index of another table', 'parts_pkey', users, sql`(id)`, undefined, 'something else'],
  ['an empty name', '', users, sql`(id)`, undefined, 'an index needs a name'],
  ['a long name', 'x'.repeat(64), users, sql`(id)`, undefined, 'an index needs a name'],
  ['a text for a definition', 'x', users, '(id)' as never, undefined, 'its definition is what'],
  [
    'a whole statement',
    'x',
    users,
    sql`create index x on users (id)`,
    undefined,
    'is what follows',
  ],
  ['a column of another table', 'x', users, sql`(${Odd.id})`, undefined, 'is not a column of'],
  [
    'an unknown option',
    'x',
    users,
    sql`(id)`,
    { uniq: true } as never,
    "there is no option 'uniq'",
  ],
  ['no options', 'x', users, sql`(id)`, null as never, 'must be an object, not null'],
])('refused in one line: %s', async (_, name, table, definition, options, message) => {
  const before = await indexes();
  await expect(attempt(create(name, table, definition, options))).rejects.toMatchObject({
    name: 'JobUsageError',
    message: expect.stringContaining(message),
  });
  expect(await indexes()).toEqual(before);
});

test('an attempt that may do nothing builds over an empty table, and leaves one with rows to a worker', async () => {
  await attempt(async (own) => {
    Object.assign(own, {
      hasRows: async (over: string) => {
        throw new Error(`${over} has rows`);
      },
    });
    await expect(create('by_email', users, sql`(email)`)(own)).rejects.toThrow(
      'table public.users has rows',
    );
    await create('by_mail', Odd, sql`(${Odd.email})`)(own);
  });
  expect(await indexes()).toMatchObject([{ name: 'by_mail', valid: true }]);
});

test('a wrong definition fails before anything is changed', async () => {
  await breakIndex('by_email');
  await expect(attempt(create('by_email', users, sql`(nothing)`))).rejects.toMatchObject({
    cause: expect.objectContaining({ code: '42703' }),
  });
  expect(await indexes()).toMatchObject([{ name: 'by_email', valid: false }]);
});

test('a build inside of a batch or of a transaction is refused: it would wait for it', async () => {
  const build = create('by_email', users, sql`(email)`);
  const inBatch = (own: TestAttempt) =>
    own.job.inBatches(users, { key: users.id, throttle: false }, () => build(own));
  await expect(attempt(inBatch)).rejects.toThrow('index by_email would wait for its own batch');
  const inStep = (own: TestAttempt) => own.job.step('x', { transaction: true }, () => build(own));
  await expect(attempt(inStep)).rejects.toThrow("index by_email can't begin inside of a step with");
});

test('a step names the build in it, and is not done while the build runs', async () => {
  await attempt(async (own) => {
    const build = create('by_email', users, sql`(email)`);
    await own.job.step('indexes', () => build(own));
    expect(own.reports.map(({ step }) => step)).toContain('indexes: index by_email');
    let late: Promise<void> | undefined;
    const step = own.job.step('more', async () => {
      late = create('by_state', users, sql`(state)`)(own);
    });
    await expect(step).rejects.toThrow(
      'returned while index by_state of "users" was still running: await it',
    );
    await late;
  });
});
