import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { useDatabase } from '../../support/database';
import { type TestAttempt, withAttempt } from './attempts';

const database = useDatabase();
const letters = pgTable('letters', { id: integer('id').primaryKey() });
const others = pgTable('others', { id: integer('id').primaryKey() });

beforeEach(() => database.sql`create table letters (id integer primary key)`);
afterEach(() => database.sql`drop table letters`);

type Method = (attempt: TestAttempt, options: unknown, body: unknown) => Promise<void>;

/** As JavaScript calls them. */
const methods: Record<string, Method> = {
  inBatches: ({ job }, options, body) => job.inBatches(letters, options as never, body as never),
  forEach: ({ job }, options, body) => job.forEach(letters, options as never, body as never),
  items: ({ job }, options, body) =>
    job.forEach(
      function* () {
        yield 1;
      },
      options as never,
      body as never,
    ),
};

async function refusal(method: string, options: unknown, body: unknown = async () => {}) {
  return withAttempt(database, async (attempt) => {
    const refused = await methods[method]?.(attempt, options, body).catch((error) => error);
    expect(await database.sql`select from long_running_migrations.walks`).toHaveLength(0);
    // A job that catches the error is not completed for that.
    expect(() => attempt.walks.requireComplete()).toThrow('run() returned anyway');
    return `${refused.name}: ${refused.message}`;
  });
}

const key = letters.id;
const cursor = () => 1;

test.each([
  ['inBatches', { key, pageSize: 5 }, "the options of inBatches: there is no option 'pageSize'; "],
  ['inBatches', { key, batchsize: 5 }, "the options of inBatches: there is no option 'batchsize'"],
  ['inBatches', { key, batchSize: 5 }, 'batchSize must be an object, not a number'],
  ['inBatches', { key, batchSize: { most: 5 } }, "batchSize: there is no option 'most'; "],
  ['inBatches', { key, throttle: true }, 'throttle must be an object, not a boolean'],
  ['inBatches', { key, throttle: null }, 'throttle must be an object, not null'],
  ['inBatches', { key, throttle: { duty: 1 } }, "throttle: there is no option 'duty'; "],
  ['inBatches', { key, throttle: { check: 1 } }, 'throttle.check needs a function'],
  ['inBatches', { key, targetBatchTime: null }, 'targetBatchTime is not a duration'],
  ['inBatches', { key, where: null }, 'where must be a condition in Drizzle or sql`…`, not null'],
  [
    'inBatches',
    { key, where: false },
    'where must be a condition in Drizzle or sql`…`, not a bool',
  ],
  ['inBatches', { key, descending: 'no' }, 'descending must be true or false, not a string'],
  ['inBatches', { key, name: 5 }, "name must be a text that isn't empty"],
  ['inBatches', { key, name: '' }, "name must be a text that isn't empty"],
  ['inBatches', { key, database: 5 }, 'database must be the name of one, not a number'],
  ['inBatches', { key: null }, 'key must be a column, as users.id or sql`id`, or an array of them'],
  ['inBatches', { key: [key, 'id'] }, 'key must be a column, as users.id or sql`id`, or an array'],
  ['inBatches', { groupBy: 'id' }, 'groupBy must be a column, as users.id or sql`id`, or an array'],
  ['inBatches', { key: others.id }, 'id is not a column of "letters"'],
  ['inBatches', null, 'the options of inBatches must be an object, not null'],
  ['inBatches', undefined, 'the options of inBatches must be an object, not undefined'],
  ['forEach', { key, lanes: 2 }, "the options of forEach: there is no option 'lanes'; "],
  ['forEach', { key, onError: 'skip' }, "the options of forEach: there is no option 'onError'; "],
  ['forEach', { key, columns: [key, 1] }, 'columns: 1 must be a column'],
  ['forEach', { key, columns: null }, 'columns must be an object, not null'],
  ['forEach', { key: 5 }, 'key must be a column, as users.id or sql`id`, or an array of them'],
  ['forEach', [], 'the options of forEach must be an object, not an array'],
  ['items', { cursor, onError: 'skip' }, "forEach over items: there is no option 'onError'; "],
  ['items', { cursor, lanes: 2 }, "the options of forEach over items: there is no option 'lanes'"],
  ['items', { cursor, groupBy: key }, "forEach over items: there is no option 'groupBy'; "],
  ['items', { cursor, database: 'archive' }, 'forEach over items keeps its cursor in the main dat'],
  ['items', null, 'the options of forEach over items must be an object, not null'],
  ['items', { name: 'a' }, 'forEach over items needs `cursor`'],
])('%s refuses the options %p in one line', async (method, options, line) => {
  const refused = await refusal(method, options);
  expect(refused).toMatch(/^JobUsageError: .*$/);
  expect(refused).toContain(line);
});

test.each(Object.keys(methods))('%s refuses what is no function as its body', async (method) => {
  const options = method === 'items' ? { cursor } : { key };
  expect(await refusal(method, options, null)).toMatch(
    / needs a function as its last argument, not null$/,
  );
});

test.each(['letters', 5, null, undefined])('%p is not a table', async (table) => {
  await withAttempt(database, async (attempt) => {
    for (const method of ['inBatches', 'forEach'] as const) {
      const walking = attempt.job[method](
        table as never,
        { key: sql`id`, name: method } as never,
        async () => {},
      );
      await expect(walking).rejects.toThrow(
        /^a table is one of a Drizzle schema, or its name as sql`public\.users`, not /,
      );
    }
    expect(() => attempt.walks.requireComplete()).toThrow('run() returned anyway');
  });
});

test('an option that is undefined counts as left out', async () => {
  const nothing = { onError: undefined, lanes: undefined, pageSize: undefined, other: undefined };
  await withAttempt(database, async (attempt) => {
    for (const method of Object.values(methods)) {
      const own = method === methods['items'] ? { cursor } : { key };
      await method(attempt, { ...nothing, ...own }, async () => {});
    }
    attempt.walks.requireComplete();
  });
  await database.sql`truncate long_running_migrations.walks cascade`;
});
