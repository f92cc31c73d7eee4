import { afterEach, expect, test } from '@jest/globals';
import { useDatabase } from '../../../support/database';
import { type TestAttempt, withAttempt } from '../attempts';

const database = useDatabase();

afterEach(
  () =>
    database.sql`truncate long_running_migrations.walks, long_running_migrations.finished_ranges`,
);

/** The pages of a service, from the one after `cursor` on. */
async function* pagesBehind(cursor: number | undefined) {
  for (let page = (cursor ?? 0) + 1; page <= 50; page++) yield { page, content: `page ${page}` };
}

/** The same pages as an array. */
function listedBehind(cursor: number | undefined) {
  return Array.from({ length: 50 }, (_, i) => ({ page: i + 1 })).slice(cursor);
}

const byPage = { cursor: ({ page }: { page: number }) => page, checkpointEvery: 10, total: 50 };

test("forEach goes over an author's own iteration, and continues from the stored cursor", async () => {
  const seen: number[] = [];
  const cursors: (number | undefined)[] = [];
  const source = (cursor: number | undefined) => {
    cursors.push(cursor);
    return pagesBehind(cursor);
  };
  const broken = withAttempt(database, ({ job }) =>
    job.forEach(source, byPage, async ({ page }) => {
      if (seen.length === 25) throw new Error('service down');
      seen.push(page);
    }),
  );
  await expect(broken).rejects.toThrow('service down');
  for (let i = 0; i < 2; i++) {
    await withAttempt(database, async ({ job, reports }) => {
      await job.forEach(source, byPage, async ({ page }) => {
        seen.push(page);
      });
      expect(reports.at(-1)).toMatchObject({ done: 50, total: 50 });
    });
  }
  expect(cursors).toEqual([undefined, 25]);
  const pages = Array.from({ length: 50 }, (_, i) => i + 1);
  expect(seen).toEqual(pages);
});

test('forEach stores its cursor when it has to stop, and repeats nothing', async () => {
  const reason = new Error('time is up');
  const seen: number[] = [];
  const stopped = withAttempt(database, ({ job, stop }) =>
    job.forEach(pagesBehind, byPage, async ({ page }) => {
      seen.push(page);
      if (page === 13) stop(reason);
    }),
  );
  await expect(stopped).rejects.toBe(reason);
  await withAttempt(database, ({ job }) =>
    job.forEach(listedBehind, byPage, async ({ page }) => {
      seen.push(page);
    }),
  );
  expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
});

test('forEach does not wait for an item that never comes when it has to stop', async () => {
  const reason = new Error('time is up');
  const seen: number[] = [];
  const source = async function* (cursor: number | undefined) {
    for await (const page of pagesBehind(cursor)) {
      if (cursor === undefined && page.page === 4) await new Promise(() => {});
      yield page;
    }
  };
  const pass = ({ job, stop }: TestAttempt) =>
    job.forEach(source, byPage, async ({ page }) => {
      seen.push(page);
      if (page === 3) setImmediate(() => stop(reason));
    });
  await expect(withAttempt(database, pass)).rejects.toBe(reason);
  await withAttempt(database, pass);
  expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
});

test.each(['2024', '1e3', 'true', 'null', '{"a":1}', '9007199254740993', ''])(
  'forEach gives the cursor %j back unchanged',
  async (value) => {
    const cursors: unknown[] = [];
    const source = (cursor: string | undefined) => {
      cursors.push(cursor);
      return [value, 'broken'];
    };
    const options = { cursor: (item: string) => item, checkpointEvery: 1 };
    const pass = ({ job }: TestAttempt) =>
      job.forEach(source, options, async (item) => {
        if (item === 'broken') throw new Error('service down');
      });
    await expect(withAttempt(database, pass)).rejects.toThrow('service down');
    await expect(withAttempt(database, pass)).rejects.toThrow('service down');
    expect(cursors).toEqual([undefined, value]);
  },
);

test.each([
  ['a promise', async () => 1],
  ['nothing', () => undefined],
])('forEach refuses %s as a cursor', async (_, cursor) => {
  const refused = withAttempt(database, ({ job }) =>
    job.forEach(pagesBehind, { cursor: cursor as () => never }, async () => {}),
  );
  await expect(refused).rejects.toMatchObject({ name: 'JobUsageError' });
});
