import { beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { applicationName } from '../../../drizzle/rows/sessions';
import { useDatabase } from '../../support/database';
import { beginAttempt, type TestAttempt } from './attempts';

const database = useDatabase();

/** Values of each type, few of them, so that groups have many rows. Some are equal but differ as text. */
const types: Record<string, fc.Arbitrary<string>> = {
  integer: fc.integer({ min: -4, max: 12 }).map(String),
  numeric: fc.tuple(fc.nat(9), fc.nat(3)).map(([n, zeros]) => `${n}.5${'0'.repeat(zeros)}`),
  'text collate case_blind': fc.constantFrom(...'aAbBcCdDéÉ', '', '"', '{}', 'NULL'),
  'timestamp with time zone': fc.nat(9).map((n) => `2026-11-22 10:00:00.00000${n}+00`),
};

/** What ends an attempt in the middle of a batch, after its rows have been changed. */
const blows: Record<string, (attempt: TestAttempt) => Promise<unknown>> = {
  'is asked to stop': async (attempt) => attempt.stop(new Error('stopped')),
  'loses its sessions': ({ id }) =>
    database.sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = ${applicationName(id)}`,
  'throws an error': () => Promise.reject(new Error('a mistake')),
  'is superseded': async ({ migration }) => {
    // Not awaited: the claim waits for this very batch.
    superseding.push(beginAttempt(database, migration).then((next) => next.end()));
  },
};
const superseding: Promise<void>[] = [];

const walks = fc.record({
  size: fc.integer({ min: 1, max: 12 }),
  lanes: fc.integer({ min: 1, max: 4 }),
  descending: fc.boolean(),
  conditional: fc.boolean(),
  /** For each attempt: the number of batches after which it is ended, and how. */
  ends: fc.array(fc.tuple(fc.nat(4), fc.constantFrom(...Object.keys(blows))), { maxLength: 5 }),
});
type Walk = typeof walks extends fc.Arbitrary<infer T> ? T : never;

const tables = fc
  .tuple(
    fc.constantFrom(...Object.keys(types)),
    fc.constantFrom(...Object.keys(types)),
    fc.boolean(),
  )
  .chain(([one, two, both]) =>
    fc.record({
      types: fc.constant(both ? [one, two] : [one]),
      rows: fc.array(
        fc.tuple(...(both ? [one, two] : [one]).map((type) => types[type] ?? fc.constant('1'))),
        { maxLength: 120 },
      ),
    }),
  );

beforeAll(() =>
  database.sql.unsafe(
    "create collation case_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
  ),
);

test('groups of any size are done whole, in one transaction and once, however attempts end', async () => {
  await fc.assert(
    fc.asyncProperty(tables, walks, async (table, walk) => {
      await store(
        [...table.types],
        table.rows.map((row) => [...row]),
      );
      const columns = table.types.map((_, i) => `k${i}`);
      for (const end of walk.ends) await attempt(columns, walk, end);
      await attempt(columns, walk);
      await Promise.all(superseding.splice(0));
      await expectDoneOnce(columns, walk);
    }),
    { numRuns: 40 },
  );
}, 240_000);

/** One attempt. It is ended in a batch, or completes the walk. */
async function attempt(columns: string[], walk: Walk, end?: Walk['ends'][number]): Promise<void> {
  const current = await beginAttempt(database);
  let batches = 0;
  const walked = current.job.inBatches(
    sql`grouped`,
    {
      groupBy: columns.map((name) => sql`${sql.identifier(name)}`),
      lanes: walk.lanes,
      descending: walk.descending,
      throttle: false,
      batchSize: { max: walk.size },
      ...(walk.conditional ? { where: sql`id % 3 <> 0` } : {}),
    },
    async (tx, batch) => {
      await tx.execute(sql`update grouped set touched = touched + 1, by = pg_current_xact_id()::text
        where ${batch}`);
      batches += 1;
      if (end && batches > end[0]) await blows[end[1]]?.(current);
    },
  );
  await (end ? walked.catch(() => {}) : walked);
  await Promise.all(superseding.splice(0));
  await current.end();
}

async function expectDoneOnce(columns: string[], { conditional }: Walk): Promise<void> {
  const condition = conditional ? 'id % 3 <> 0' : 'true';
  const wrong = await database.sql.unsafe(
    `select id, touched from grouped where touched <> case when ${condition} then 1 else 0 end`,
  );
  expect([...wrong]).toEqual([]);
  const split = await database.sql.unsafe(
    `select count(*) from grouped where ${condition} group by ${columns.join()}
     having count(distinct by) <> 1`,
  );
  expect([...split]).toEqual([]);
}

async function store(kinds: string[], rows: string[][]): Promise<void> {
  const columns = kinds.map((type, i) => `k${i} ${type} not null`).join(', ');
  const names = kinds.map((_, i) => `k${i}`).join(', ');
  const casts = kinds.map((type, i) => `(row->>${i})::${type.replace(/ collate .*/, '')}`);
  await database.sql.unsafe(`
    drop table if exists grouped;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges;
    create table grouped (id bigint generated always as identity, ${columns}, by text,
      touched integer not null default 0);
    create index on grouped (${names}, id)`);
  await database.sql.unsafe(
    `insert into grouped (${names}) select ${casts.join()} from unnest($1::text[]) rows (line),
      lateral (select line::jsonb as row) _`,
    [rows.map((row) => JSON.stringify(row))],
  );
}
