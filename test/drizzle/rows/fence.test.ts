import { describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { Claimed } from '../../../drizzle/rows/claim';
import { lockShared, selectIfCurrent } from '../../../drizzle/rows/fence';
import { Superseded } from '../../../drizzle/rows/superseded';
import { fencedTransaction } from '../../../jobs/context/attempt';
import { waitFor } from '../../support/waitFor';
import { attemptOn, minute, NAME, useFencedMigration } from './fenced';

const { database, open, claimed, written, claimWaits } = useFencedMigration();

describe('the fence', () => {
  test('lets the current attempt commit and refuses an older one', async () => {
    const older = attemptOn(await open(), await claimed(minute(1)));
    await fencedTransaction(older, (tx) => tx.execute(sql`insert into written values (1)`));
    await claimed(minute(2));

    const late = fencedTransaction(older, (tx) => tx.execute(sql`insert into written values (1)`));

    await expect(late).rejects.toBeInstanceOf(Superseded);
    expect(await written()).toBe(1);
  });

  test('makes a claim wait for a batch that is under way, which then commits', async () => {
    const older = attemptOn(await open(), await claimed(minute(1)));
    let claiming: Promise<Claimed> | undefined;

    await fencedTransaction(older, async (tx) => {
      await tx.execute(sql`insert into written values (1)`);
      claiming = claimed(minute(2));
      await claimWaits();
    });

    await claiming;
    expect(await written()).toBe(1);
  });

  test('refuses a batch that begins while a claim is waiting for another one', async () => {
    const id = await claimed(minute(1));
    const [one, two] = [attemptOn(await open(), id), attemptOn(await open(), id)];
    let claiming: Promise<Claimed> | undefined;
    let second: Promise<unknown> | undefined;

    await fencedTransaction(one, async () => {
      claiming = claimed(minute(2));
      await claimWaits();
      second = fencedTransaction(two, (tx) => tx.execute(sql`insert into written values (2)`));
      second.catch(() => {});
    });

    await claiming;
    await expect(second).rejects.toBeInstanceOf(Superseded);
    expect(await written()).toBe(0);
  });

  // Three similar ways, each shown to let the older attempt commit. If one of these tests fails,
  // the comment in drizzle/rows/fence.ts is out of date. If our own fence becomes like one of them,
  // the test above fails.
  describe.each([
    ['lock and check in one statement', 'read committed', true],
    ['REPEATABLE READ', 'repeatable read', false],
    ['SERIALIZABLE', 'serializable', false],
  ] as const)('would not hold with %s', (_, isolationLevel, inOneStatement) => {
    test('an older attempt commits after the claim', async () => {
      const other = attemptOn(await open(), await claimed(minute(1)));
      const own = await open();
      let claiming: Promise<Claimed> | undefined;
      let second: Promise<unknown> | undefined;

      await fencedTransaction(other, async () => {
        claiming = claimed(minute(2));
        await claimWaits();
        second = own.transaction(
          async (tx) => {
            const check = inOneStatement
              ? sql`with l as materialized (${lockShared(NAME)}) select 1 from l, long_running_migrations.migrations
                    where name = ${NAME} and current_attempt = ${other.id}`
              : selectIfCurrent(other);
            if (!inOneStatement) await tx.execute(lockShared(NAME));
            if ((await tx.execute(check)).length === 0) throw new Superseded(NAME);
            await tx.execute(sql`insert into written values (2)`);
          },
          { isolationLevel },
        );
        second.catch(() => {});
        await waitFor('the second one to wait', async () => {
          const rows = await database.sql`
            select 1 from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and not granted
              and database = (select oid from pg_database where datname = current_database())`;
          return rows.length > 0;
        });
      });

      await claiming;
      await second;
      expect(await written()).toBe(1);
    });
  });
});
