import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { Transaction } from '../../../jobs/context/index';
import { withAttempt } from './attempts';
import { byId, PEOPLE, people, touch, touches, usePeople } from './people';

const database = usePeople();

/** What a statement that was not awaited has ended with. */
const outcomeOf = (late: Promise<unknown>): Promise<string> =>
  late.then(
    () => 'it was sent',
    (error) => String(error.cause?.message ?? error.message),
  );
const REFUSED = 'a statement was sent after its transaction ended: await all of them';

test('a statement that comes after its batch has failed is not sent', async () => {
  let late: Promise<string> | undefined;
  let triedAgain = () => {};
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...byId, throttle: false }, async (tx, batch) => {
      if (!late) {
        const again = new Promise<void>((resolve) => {
          triedAgain = resolve;
        });
        // As the other callbacks of a Promise.all() of which one fails.
        late = outcomeOf(again.then(() => tx.update(people).set(touch)));
        await tx.execute(sql.raw("do $$ begin raise exception using errcode = '40P01'; end $$"));
      }
      triedAgain();
      await late;
      await tx.update(people).set(touch).where(batch);
    }),
  );
  expect(await late).toBe(REFUSED);
  expect(await touches(database)).toEqual({ 1: PEOPLE });
});

test('a statement that comes after its savepoint was rolled back is not sent', async () => {
  let late: string | undefined;
  await withAttempt(database, ({ job }) =>
    job.inBatches(people, { ...byId, throttle: false }, async (tx, batch) => {
      let inner: Transaction | undefined;
      const failed = tx.transaction(async (savepoint) => {
        inner = savepoint;
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      if (inner) late = await outcomeOf(inner.update(people).set(touch).execute());
      await tx.transaction((savepoint) => savepoint.update(people).set(touch).where(batch));
    }),
  );
  expect(late).toBe(REFUSED);
  expect(await touches(database)).toEqual({ 1: PEOPLE });
});
