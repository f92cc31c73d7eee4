import { describe, expect, test } from '@jest/globals';
import { connect } from '../../../drizzle/connect';
import { applicationName } from '../../../drizzle/rows/sessions';
import { waitFor } from '../../support/waitFor';
import { minute, NAME, useFencedMigration } from './fenced';

const { database, claimAt, claimed, written } = useFencedMigration();

describe('claim', () => {
  test('refuses a claim that was scheduled before the current one', async () => {
    const current = await claimed(minute(2));

    expect(await claimAt(minute(1))).toEqual({ kind: 'late' });

    const [row] =
      await database.sql`select current_attempt from long_running_migrations.migrations`;
    expect(BigInt(row?.['current_attempt'])).toBe(current.attempt.id);
  });

  test('does not take a heartbeat for one of a live attempt that the clock, set back, has ahead', async () => {
    await claimed(minute(2));
    await database.sql`
      update long_running_migrations.attempts set heartbeat_at = now() + interval '1 hour'`;

    expect(await claimAt(minute(1))).toMatchObject({ kind: 'claimed' });
  });

  test('ends the sessions of an older attempt, even if one holds the lock in an open transaction', async () => {
    const id = await claimed(minute(1));
    const frozen = connect(database.databaseUrl, {
      max: 1,
      applicationName: applicationName(id.attempt.id),
    });
    // Like a frozen worker: its batch holds the lock and does not go on.
    const batch = frozen.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock_shared(hashtextextended(${`long_running_migrations:${NAME}`}, 0))`;
      await tx`insert into written values (1)`;
      await new Promise((resolve) => setTimeout(resolve, 30_000).unref());
    });
    batch.catch(() => {});
    await waitFor('the batch to hold the lock', async () => {
      const rows = await database.sql`
        select 1 from pg_locks where locktype = 'advisory' and mode = 'ShareLock' and granted
          and database = (select oid from pg_database where datname = current_database())`;
      return rows.length > 0;
    });

    await claimed(minute(2));

    expect(await written()).toBe(0);
    const sessions = await database.sql`
      select 1 from pg_stat_activity
      where application_name = ${applicationName(id.attempt.id)} and datname = current_database()`;
    expect(sessions).toHaveLength(0);
    await frozen.end({ timeout: 0 });
  });

  test('ends an older attempt without heartbeats as interrupted', async () => {
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

  test('ends an older attempt that still sends heartbeats as superseded', async () => {
    await claimed(minute(1));
    await claimed(minute(2));

    const rows = await database.sql`
      select outcome from long_running_migrations.attempts order by number`;
    expect(rows).toEqual([{ outcome: 'superseded' }, { outcome: null }]);
  });

  test.each([
    ['pause', 'paused'],
    ['cancel', 'cancelled'],
  ] as const)(
    'carries out a %s that its worker could not, because it died',
    async (request, status) => {
      await claimed(minute(1));
      await database.sql`update long_running_migrations.migrations set request = ${request}`;

      expect(await claimAt(minute(2))).toEqual({ kind: 'ended', status, error: null });
      expect(await claimAt(minute(3))).toMatchObject({ kind: 'ended', status });
    },
  );
});
