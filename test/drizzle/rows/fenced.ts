import { afterAll, beforeEach } from '@jest/globals';
import { sql } from 'drizzle-orm';
import type { Database } from '../../../drizzle/database';
import { type Claim, type Claimed, claim } from '../../../drizzle/rows/claim';
import { openOwnDatabase } from '../../../drizzle/workerDatabase';
import type { Attempt } from '../../../jobs/context/attempt';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';

/** The only migration of these tests. */
export const NAME = '0001_fenced';

/** The scheduled time of a claim. */
export const minute = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, n));

/**
 * Gives the test file a database with one registered migration, and with a table `written` for what
 * attempts write. Call it at the top of the file.
 */
export function useFencedMigration() {
  const database = useDatabase();
  const opened: Database[] = [];
  let db: Database;

  /**
   * A worker's pool of its own, with a session. A claim asks for its lock once a second, and what has
   * to wait behind it must ask meanwhile: a busy machine may need longer to connect.
   */
  async function open(): Promise<Database> {
    const own = openOwnDatabase(database.databaseUrl);
    opened.push(own);
    await own.execute(sql`select 1`);
    return own;
  }

  beforeEach(async () => {
    db = await open();
    await database.sql`truncate long_running_migrations.migrations cascade`;
    await database.sql`insert into long_running_migrations.migrations (name) values (${NAME})`;
    await database.sql`create table if not exists written (by_attempt bigint)`;
    await database.sql`truncate written`;
  });

  afterAll(async () => {
    await Promise.all(opened.map((each) => each.$client.end({ timeout: 1 })));
  });

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

  /** The number of rows that attempts have written. */
  const written = async () => (await database.sql`select * from written`).length;

  /** Waits until a claim waits for the migration's lock. */
  const claimWaits = () =>
    waitFor('a claim to wait for the lock', async () => {
      const rows = await database.sql`
        select 1 from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and not granted
          and database = (select oid from pg_database where datname = current_database())`;
      return rows.length > 0;
    });

  return { database, open, claimAt, claimed, written, claimWaits };
}

/** An attempt as its thread sees it. Its sessions don't have the attempt's name. */
export function attemptOn(own: Database, { attempt }: Claimed): Attempt {
  const nothing = () => {};
  return {
    ...attempt,
    db: own,
    ddl: own.$client,
    canary: own.$client,
    signal: new AbortController().signal,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    unthrottled: false,
    report: nothing,
    progressed: nothing,
  };
}
