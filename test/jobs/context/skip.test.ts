import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { BadRow } from '../../../jobs/context/badRow';
import type { BatchBody } from '../../../jobs/context/index';
import { beginAttempt, type TestAttempt, withAttempt } from './attempts';
import { byId, PEOPLE, people, touch, touches, usePeople } from './people';

const database = usePeople();
const skipping = { ...byId, onError: 'skip', batchSize: { min: 50, max: 200 } } as const;

/** The key of the i-th row. */
const idOf = (i: number) => String(9007199254740993n + BigInt(i) * BigInt(i));
const BAD = [1, 7, 500, 501, PEOPLE].map(idOf);

/** Changes each row of the batch. Postgres refuses those that are listed. */
const refusing =
  (bad: readonly string[]): BatchBody =>
  async (tx, batch) => {
    await tx.update(people).set(touch).where(batch);
    const refused = sql.raw(`case when id::text = any('{${bad.join(',')}}') then 0 else 1 end`);
    await tx.execute(sql`update people set lower = (1 / ${refused})::text where ${batch}`);
  };

/** The same, with an error of the author's code. */
const rejecting =
  (bad: readonly string[], error: () => unknown): BatchBody =>
  async (tx, batch) => {
    const rows = await batch.rows({ id: people.id });
    await tx.update(people).set(touch).where(batch);
    if (rows.some(({ id }) => bad.includes(String(id)))) throw error();
  };

const skipped = () =>
  database.sql<{ key: string[]; code: string | null; reason: string | null }[]>`
    select key, code, reason from long_running_migrations.skipped_rows order by key[1]::bigint`;
const skippedIds = async () => (await skipped()).map(({ key }) => key[0]);

async function expectSkipped(ids: readonly string[]): Promise<void> {
  expect(await skippedIds()).toEqual(ids);
  expect(await touches(database)).toEqual({ 0: ids.length, 1: PEOPLE - ids.length });
}

test.each([1, 4])(
  'bad rows are recorded once and unchanged, others are done; %i lanes',
  async (lanes) => {
    await withAttempt(database, async ({ job, reports }) => {
      await job.inBatches(people, { ...skipping, lanes }, refusing(BAD));
      expect(reports.at(-1)).toMatchObject({ done: PEOPLE });
      expect(reports.some(({ details }) => details?.['rowsSkipped'] === BAD.length)).toBe(true);
    });
    await expectSkipped(BAD);
    expect(new Set((await skipped()).map(({ code }) => code))).toEqual(new Set(['22012']));
    const [walk] = await database.sql`
    select completed_at, rows_done from long_running_migrations.walks`;
    expect(walk).toMatchObject({ rows_done: String(PEOPLE), completed_at: expect.any(Date) });
  },
);

test('a row that the author rejects is recorded with the reason, cut and on one line', async () => {
  const error = () =>
    new BadRow(`no\nname\u001b[31m ${'x'.repeat(900)}`, { cause: new SyntaxError() });
  await withAttempt(database, ({ job }) => job.inBatches(people, skipping, rejecting(BAD, error)));
  await expectSkipped(BAD);
  const [first] = await skipped();
  expect(first).toMatchObject({ code: null, reason: `no name ${'x'.repeat(392)}` });
});

test('a row that violates a constraint at COMMIT is recorded', async () => {
  await database.sql.unsafe(`
    create table noted (id bigint primary key);
    alter table people add foreign key (id) references noted deferrable initially deferred not valid;
    insert into noted select id from people where id::text <> '${idOf(7)}'`);
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, skipping, async (tx, batch) => {
      await tx
        .update(people)
        .set({ ...touch, id: sql`id` })
        .where(batch);
      await tx.execute(
        sql`insert into people select id + 1, team from people where id = ${idOf(7)}::bigint and ${batch}`,
      );
    }),
  );
  expect(await skippedIds()).toEqual([idOf(7)]);
  expect((await skipped())[0]).toMatchObject({
    code: '23503',
    reason: expect.stringContaining('people_id_fkey'),
  });
  await database.sql.unsafe('drop table noted cascade');
});

const coded = (code: string, more: object = {}) =>
  Object.assign(new Error('it'), { code, ...more });
const sqlState = (code: string) => coded(code, { severity: 'ERROR' });

test.each<[string, () => unknown]>([
  ['a BadRow made of a lost connection', () => new BadRow('x', { cause: coded('ECONNRESET') })],
  [
    'a BadRow made of an error of Node',
    () => new BadRow('x', { cause: coded('ERR_SOCKET_CLOSED') }),
  ],
  ['a BadRow made of postgres.js', () => new BadRow('x', { cause: coded('CONNECTION_CLOSED') })],
  ['a BadRow made of wrong SQL', () => new BadRow('x', { cause: sqlState('42P01') })],
  ['a BadRow made of a server that stops', () => new BadRow('x', { cause: sqlState('57P01') })],
  [
    'a BadRow made of an abort',
    () => new BadRow('x', { cause: new DOMException('', 'AbortError') }),
  ],
  [
    'a BadRow far above an outage',
    () =>
      new BadRow('x', {
        cause: new Error('y', { cause: new TypeError('z', { cause: coded('EPIPE') }) }),
      }),
  ],
  [
    'a BadRow of several errors',
    () => new BadRow('x', { cause: new AggregateError([new Error('y'), coded('ETIMEDOUT')]) }),
  ],
  ['an error without a kind', () => new Error('it')],
  ['a mistake in the code', () => new TypeError('it')],
  [
    'a final error',
    () => Object.assign(new Error('it'), { nonRetryable: true, cause: sqlState('22012') }),
  ],
])('%s is no bad row', async (_, error) => {
  const walk = withAttempt(database, ({ job }) =>
    job.inBatches(people, skipping, rejecting([idOf(1)], error)),
  );
  await expect(walk).rejects.toThrow();
  await expectSkippedNone();
});

async function expectSkippedNone(): Promise<void> {
  expect(await skipped()).toHaveLength(0);
  expect(await touches(database)).toEqual({ 0: PEOPLE });
}

test('by default a bad row ends the walk', async () => {
  const walk = withAttempt(database, ({ job }) => job.inBatches(people, byId, refusing([idOf(1)])));
  await expect(walk).rejects.toMatchObject({ cause: { code: '22012' } });
  await expectSkippedNone();
});

test('maxSkipped counts the rows of all attempts and lanes, and the walk fails beyond it', async () => {
  const bad = Array.from({ length: 8 }, (_, i) => idOf(10 + 100 * i));
  const options = { ...skipping, maxSkipped: 5, lanes: 4 };
  await withAttempt(database, async ({ job, stop }) => {
    const refuse = refusing(bad);
    const walk = job.inBatches(people, { ...options, lanes: 1 }, async (tx, batch) => {
      if ((await skipped()).length === 2) stop(new Error('stop'));
      await refuse(tx, batch);
    });
    await expect(walk).rejects.toThrow('stop');
  });
  expect(await skipped()).toHaveLength(2);
  for (let attempt = 2; attempt <= 3; attempt++) {
    const walk = withAttempt(database, ({ job }) => job.inBatches(people, options, refusing(bad)));
    await expect(walk).rejects.toMatchObject({
      name: 'JobUsageError',
      message: expect.stringMatching(
        /^walk '1' has skipped 5 rows, which is its maxSkipped, and one more fails/,
      ),
      cause: { cause: { code: '22012' } },
    });
    expect(await skipped()).toHaveLength(5);
  }
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...options, maxSkipped: 8 }, refusing(bad)),
  );
  await expectSkipped(bad);
});

test.each<[string, object]>([
  ["onError is neither 'fail' nor 'skip'", { onError: 'ignore' }],
  ["maxSkipped needs onError: 'skip'", { maxSkipped: 3 }],
  [
    'maxSkipped is 0; it must be a whole number from 1 to 100000',
    { onError: 'skip', maxSkipped: 0 },
  ],
  ['maxSkipped is 100001', { onError: 'skip', maxSkipped: 100_001 }],
  ["a group can't be cut", { key: undefined, groupBy: people.team, onError: 'skip' }],
  ['maxSkipped is 1.5', { onError: 'skip', maxSkipped: 1.5 }],
])('refused: %s', async (message, options) => {
  const walk = withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...byId, ...options } as typeof byId, refusing([])),
  );
  await expect(walk).rejects.toThrow(message);
  await expectSkippedNone();
});

test('bad rows are recorded once although attempts are killed or stopped at any statement', async () => {
  for (let round = 0; round < 12; round++) {
    const attempt = await beginAttempt(database);
    let left = 3 + round * 2;
    let next: Promise<TestAttempt> | undefined;
    const refuse = refusing(BAD);
    const walk = attempt.job.inBatches(people, { ...skipping, lanes: 2 }, async (tx, batch) => {
      left -= 1;
      if (left === 0 && round % 3 === 0) attempt.stop(new Error('stop'));
      if (left === 0 && round % 3 === 1)
        await tx.execute(sql`select pg_terminate_backend(pg_backend_pid())`);
      await refuse(tx, batch);
      // The claim waits for this transaction, which holds the fence's lock.
      if (left === 0 && round % 3 === 2) next = beginAttempt(database);
    });
    await walk.catch(() => {});
    await attempt.end();
    await (await next)?.end();
    const ids = await skippedIds();
    expect(ids).toEqual(BAD.filter((id) => ids.includes(id)));
    expect(Object.keys(await touches(database)).every((times) => Number(times) <= 1)).toBe(true);
  }
  await withAttempt(database, ({ job }) => job.inBatches(people, skipping, refusing(BAD)));
  await expectSkipped(BAD);
});

test('a row is not recorded when the attempt has to stop', async () => {
  await withAttempt(database, async ({ job, stop }) => {
    let tries = 0;
    const walk = job.inBatches(people, { ...skipping, batchSize: { max: 1 } }, async () => {
      tries += 1;
      // The first error marks the range as a single row. The second one would record it.
      if (tries === 2) stop(new Error('stop'));
      throw new BadRow('it');
    });
    await expect(walk).rejects.toThrow('stop');
  });
  await expectSkippedNone();
});

test('a row that was inserted beside the bad one in the meantime is done', async () => {
  const [before, bad] = [String(9007199254740993n + 2n), idOf(2)];
  let inserted = false;
  const refuse = refusing([bad]);
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, skipping, async (tx, batch) => {
      const rows = await batch.rows({ id: people.id });
      if (!inserted && rows.length === 1 && String(rows[0]?.id) === bad) {
        await database.sql`insert into people (id, team) values (${before}, 1)`;
        inserted = true;
      }
      await refuse(tx, batch);
    }),
  );
  expect(inserted).toBe(true);
  expect(await skippedIds()).toEqual([bad]);
  expect(await touches(database)).toEqual({ 0: 1, 1: PEOPLE });
});

test('a bad row that was deleted in the meantime is not recorded', async () => {
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, skipping, async (tx, batch) => {
      const rows = await batch.rows({ id: people.id }, { lock: false });
      if (rows.some(({ id }) => String(id) === idOf(2))) {
        if (rows.length === 1) await database.sql`delete from people where id = ${idOf(2)}`;
        throw new BadRow('it');
      }
      await tx.update(people).set(touch).where(batch);
    }),
  );
  expect(await skipped()).toHaveLength(0);
  expect(await touches(database)).toEqual({ 1: PEOPLE - 1 });
});

test('what the body handles in a savepoint is done, and not recorded', async () => {
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, skipping, async (tx, batch) => {
      await tx.transaction(async (inner) => refusing(BAD)(inner, batch)).catch(() => {});
    }),
  );
  expect(await skipped()).toHaveLength(0);
});

test.each(['commit', 'rollback', 'commit and chain'])(
  'a body that sends "%s" and then fails is neither called again nor taken for a bad row',
  async (end) => {
    for (const code of ['22012', '40P01', '40001']) {
      await database.sql`update people set touched = 0`;
      let calls = 0;
      const walk = withAttempt(
        database,
        ({ job }) =>
          job.inBatches(people, skipping, async (tx, batch) => {
            calls += 1;
            await tx.execute(sql.raw(end));
            await tx.update(people).set(touch).where(batch);
            await tx.execute(
              sql.raw(`do $$ begin raise exception using errcode = '${code}'; end $$`),
            );
          }),
        `0001_ends_by_${end.replaceAll(' ', '_')}_${code.toLowerCase()}`,
      );
      await expect(walk).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
      expect(calls).toBe(1);
      expect(await skipped()).toHaveLength(0);
    }
  },
);
