import { beforeAll, expect, test } from '@jest/globals';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { applicationName } from '../../../../drizzle/rows/sessions';
import { useDatabase } from '../../../support/database';
import { beginAttempt, type TestAttempt } from '../attempts';

const database = useDatabase();
const ROWS = 120;
const letters = pgTable('letters', { id: integer('id').primaryKey() });
const all = Array.from({ length: ROWS }, (_, i) => i + 1);

beforeAll(() =>
  database.sql.unsafe(`create table letters (id integer primary key);
    insert into letters select generate_series(1, ${ROWS})`),
);

/** What ends an attempt while a page is being done. */
const blows: Record<string, (attempt: TestAttempt) => Promise<unknown>> = {
  'is asked to stop': async (attempt) => attempt.stop(new Error('stopped')),
  'loses its sessions': ({ id }) =>
    database.sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = ${applicationName(id)}`,
  'throws an error': () => Promise.reject(new Error('service down')),
  'is superseded': async ({ migration }) => (await beginAttempt(database, migration)).end(),
};

const cases = fc.record({
  over: fc.constantFrom('rows', 'items' as const),
  pageSize: fc.integer({ min: 1, max: 9 }),
  concurrency: fc.integer({ min: 1, max: 6 }),
  checkpoints: fc.integer({ min: 1, max: 30 }),
  descending: fc.boolean(),
  /** For each attempt: the page after which it is ended, and how. */
  ends: fc.array(fc.tuple(fc.nat(12), fc.constantFrom(...Object.keys(blows))), { maxLength: 5 }),
});
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

test('the stored place is never ahead of what is done, however attempts end', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (given) => {
      await database.sql`truncate long_running_migrations.walks, long_running_migrations.finished_ranges`;
      const order = given.over === 'rows' && given.descending ? [...all].reverse() : all;
      const done = new Set<number>();
      for (const end of [...given.ends, undefined]) {
        const begunAt = await stored(order);
        await attempt(given, done, end);
        const place = await stored(order);
        expect(order.slice(0, place).filter((id) => !done.has(id))).toEqual([]);
        expect(place).toBeGreaterThanOrEqual(begunAt);
      }
      expect(done.size).toBe(ROWS);
      const [walk] = await database.sql`select completed_at from long_running_migrations.walks`;
      expect(walk?.['completed_at']).not.toBeNull();
    }),
    { numRuns: 25 },
  );
}, 240_000);

/** One attempt. It begins behind the stored place, and never goes far beyond it. */
async function attempt(given: Case, done: Set<number>, end?: Case['ends'][number]): Promise<void> {
  const current = await beginAttempt(database);
  const { pageSize, concurrency, descending } = given;
  const checkpointEvery = Math.max(pageSize, given.checkpoints);
  const options = { pageSize, concurrency, checkpointEvery };
  let pages = 0;
  const body = async (page: readonly { id: number }[]) => {
    pages += 1;
    if (end && pages > end[0]) await blows[end[1]]?.(current);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    for (const { id } of page) done.add(id);
  };
  const { job } = current;
  const source = (after: number | undefined) => all.slice(after ?? 0).map((id) => ({ id }));
  const walk = async () => {
    if (given.over === 'rows') {
      await job.forEach(letters, { ...options, key: letters.id, descending }, (page) => body(page));
    } else {
      await job.forEach(source, { ...options, cursor: ({ id }) => id }, (page) => body(page));
    }
  };
  await (end ? walk().catch(() => {}) : walk());
  await current.end();
}

/** How many rows or items are stored as done, from the first one on. */
async function stored(order: readonly number[]): Promise<number> {
  const [walk] = await database.sql<{ mark: string | null; cursor: string | null; id: bigint }[]>`
    select low_water_mark[1] as mark, cursor #>> '{}' as cursor from long_running_migrations.walks`;
  const ranges = await database.sql<{ after: string | null; upto: string }[]>`
    select after[1] as after, upto[1] as upto from long_running_migrations.finished_ranges`;
  let place = walk?.mark ?? walk?.cursor ?? null;
  for (let next = true; next; ) {
    const range = ranges.find(({ after }) => after === place);
    place = range?.upto ?? place;
    next = range !== undefined;
  }
  return place === null ? 0 : order.indexOf(Number(place)) + 1;
}
