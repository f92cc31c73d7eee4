import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { connect } from '../../../drizzle/connect';
import type { Database } from '../../../drizzle/database';
import { type Claim, type Claimed, claim } from '../../../drizzle/rows/claim';
import { lockShared, selectIfCurrent } from '../../../drizzle/rows/fence';
import { applicationName } from '../../../drizzle/rows/sessions';
import { Superseded } from '../../../drizzle/rows/superseded';
import { openOwnDatabase } from '../../../drizzle/workerDatabase';
import { type Attempt, fencedTransaction } from '../../../jobs/context/attempt';
import type { JobContext } from '../../../jobs/context/index';
import { Tally } from '../../../jobs/context/walk/tally';
import { Checkpoint } from '../../../jobs/thread/checkpoint';
import { createContext } from '../../../jobs/thread/context';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';

const database = useDatabase();
const NAME = '0001_fenced';
let db: Database;
const opened: Database[] = [];

function open(): Database {
  const own = openOwnDatabase(database.databaseUrl);
  opened.push(own);
  return own;
}

beforeEach(async () => {
  db = open();
  await database.sql`truncate long_running_migrations.migrations cascade`;
  await database.sql`insert into long_running_migrations.migrations (name) values (${NAME})`;
  await database.sql`create table if not exists written (by_attempt bigint)`;
  await database.sql`truncate written`;
});

afterAll(async () => {
  await Promise.all(opened.map((each) => each.$client.end({ timeout: 1 })));
});

const minute = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, n));

function claimAt(scheduledAt: Date, heartbeatTimeout = 120_000): Promise<Claim> {
  return claim(db, {
    migration: NAME,
    worker: 'test',
    runId: 'run',
    scheduledAt,
    heartbeatTimeout,
  });
}

async function claimed(scheduledAt: Date): Promise<Claimed> {
  const result = await claimAt(scheduledAt);
  if (result.kind !== 'claimed') throw new Error(`not claimed: ${result.kind}`);
  return result;
}

/** An attempt as its thread would see it; its sessions can't be found by name unless `named`. */
function attemptOn(own: Database, { attempt }: Claimed): Attempt {
  const nothing = () => {};
  return {
    ...attempt,
    db: own,
    signal: new AbortController().signal,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    unthrottled: false,
    report: nothing,
    progressed: nothing,
  };
}

function contextOf(attempt: Attempt, version = 0): JobContext {
  const sessions = { db: attempt.db, sql: database.sql };
  return createContext(attempt, sessions, new Checkpoint(attempt, version), new Tally(attempt));
}

const written = async () => (await database.sql`select * from written`).length;

/** Waits until a claim stands in the queue for the migration's lock. */
const claimWaits = () =>
  waitFor('a claim to wait for the lock', async () => {
    const rows = await database.sql`
      select 1 from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and not granted`;
    return rows.length > 0;
  });

describe('the fence', () => {
  test('lets the current attempt commit and refuses an older one', async () => {
    const older = attemptOn(open(), await claimed(minute(1)));
    await fencedTransaction(older, (tx) => tx.execute(sql`insert into written values (1)`));
    await claimed(minute(2));

    const late = fencedTransaction(older, (tx) => tx.execute(sql`insert into written values (1)`));

    await expect(late).rejects.toBeInstanceOf(Superseded);
    expect(await written()).toBe(1);
  });

  test('makes a claim wait for a batch that is under way, which then commits', async () => {
    const older = attemptOn(open(), await claimed(minute(1)));
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
    const [one, two] = [attemptOn(open(), id), attemptOn(open(), id)];
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

  // The three ways that look alike, each seen to let the older attempt commit. Should one of these
  // begin to hold, the comment in drizzle/rows/fence.ts is out of date; should ours be written like one
  // of them, the test above fails.
  describe.each([
    ['lock and check in one statement', 'read committed', true],
    ['REPEATABLE READ', 'repeatable read', false],
    ['SERIALIZABLE', 'serializable', false],
  ] as const)('would not hold with %s', (_, isolationLevel, inOneStatement) => {
    test('an older attempt commits after the claim', async () => {
      const other = attemptOn(open(), await claimed(minute(1)));
      let claiming: Promise<Claimed> | undefined;
      let second: Promise<unknown> | undefined;

      await fencedTransaction(other, async () => {
        claiming = claimed(minute(2));
        await claimWaits();
        second = open().transaction(
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
            select 1 from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and not granted`;
          return rows.length > 0;
        });
      });

      await claiming;
      await second;
      expect(await written()).toBe(1);
    });
  });

  test('refuses the checkpoint of an older attempt, outside of a batch as well', async () => {
    const older = attemptOn(open(), await claimed(minute(1)));
    const context = contextOf(older);
    await context.saveCheckpoint({ at: 1 });
    const newer = attemptOn(open(), await claimed(minute(2)));

    await expect(context.saveCheckpoint({ at: 2 })).rejects.toBeInstanceOf(Superseded);

    await expect(context.checkpoint()).rejects.toBeInstanceOf(Superseded);
    expect(await contextOf(newer).checkpoint()).toEqual({ at: 1 });
  });

  test.each(['2024', 'true', '{"a":1}', 9, [null], null])(
    'hands back the checkpoint %j as it was',
    async (value) => {
      const attempt = attemptOn(open(), await claimed(minute(1)));
      const context = contextOf(attempt);
      await context.saveCheckpoint(value);
      expect(await context.checkpoint()).toEqual(value ?? undefined);
    },
  );

  test('refuses to save a checkpoint in a transaction whose snapshot may be too old', async () => {
    const attempt = attemptOn(open(), await claimed(minute(1)));
    const context = contextOf(attempt);

    const saving = attempt.db.transaction((tx) => context.saveCheckpoint(1, tx), {
      isolationLevel: 'repeatable read',
    });

    await expect(saving).rejects.toThrow(/READ COMMITTED/);
  });
});

describe('claim', () => {
  test('refuses a claim that was scheduled before the current one', async () => {
    const current = await claimed(minute(2));

    expect(await claimAt(minute(1))).toEqual({ kind: 'late' });

    const [row] =
      await database.sql`select current_attempt from long_running_migrations.migrations`;
    expect(BigInt(row?.['current_attempt'])).toBe(current.attempt.id);
  });

  test('ends the sessions of an older attempt, also one that holds the lock in an open transaction', async () => {
    const id = await claimed(minute(1));
    const frozen = connect(database.databaseUrl, {
      max: 1,
      applicationName: applicationName(id.attempt.id),
    });
    // As a frozen worker would: a batch under way, and nobody there to go on with it.
    const batch = frozen.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock_shared(hashtextextended(${`long_running_migrations:${NAME}`}, 0))`;
      await tx`insert into written values (1)`;
      await new Promise((resolve) => setTimeout(resolve, 30_000).unref());
    });
    batch.catch(() => {});
    await waitFor('the batch to hold the lock', async () => {
      const rows = await database.sql`
        select 1 from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted`;
      return rows.length > 0;
    });

    await claimed(minute(2));

    expect(await written()).toBe(0);
    const sessions = await database.sql`
      select 1 from pg_stat_activity where application_name = ${applicationName(id.attempt.id)}`;
    expect(sessions).toHaveLength(0);
    await frozen.end({ timeout: 0 });
  });

  test('says of an older attempt that went silent that it was interrupted', async () => {
    await claimed(minute(1));
    await database.sql`
      update long_running_migrations.attempts set heartbeat_at = now() - interval '1 hour'`;
    await claimed(minute(2));

    const [first] = await database.sql`
      select outcome, error from long_running_migrations.attempts order by number`;
    expect(first).toEqual({
      outcome: 'interrupted',
      error: 'its worker stopped sending heartbeats',
    });
  });

  test('says of an older attempt that still beats that it was superseded', async () => {
    await claimed(minute(1));
    await claimed(minute(2));

    const rows = await database.sql`
      select outcome from long_running_migrations.attempts order by number`;
    expect(rows).toEqual([{ outcome: 'superseded' }, { outcome: null }]);
  });

  test.each([
    ['pause', 'paused'],
    ['cancel', 'cancelled'],
  ] as const)('settles a %s that its worker did not live to obey', async (request, status) => {
    await claimed(minute(1));
    await database.sql`update long_running_migrations.migrations set request = ${request}`;

    expect(await claimAt(minute(2))).toEqual({ kind: 'ended', status, error: null });
    expect(await claimAt(minute(3))).toMatchObject({ kind: 'ended', status });
  });
});
