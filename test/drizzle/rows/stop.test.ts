import { beforeEach, expect, test } from '@jest/globals';
import { connect } from '../../../drizzle/connect';
import { type Database, database as drizzle } from '../../../drizzle/database';
import { OperationRefused } from '../../../drizzle/rows/operationRefused';
import { resume, retry } from '../../../drizzle/rows/restart';
import { applicationName } from '../../../drizzle/rows/sessions';
import { settle, stop } from '../../../drizzle/rows/stop';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { insertMigration, insertRunning, row } from './rows';

const database = useDatabase();
const TIMEOUT = 30_000;
const asked = { by: 'alice@test', reason: 'month-end' };
const NAME = '0001_a';

let db: Database;

beforeEach(async () => {
  db = drizzle(database.sql);
  await database.sql`truncate long_running_migrations.migrations cascade`;
});

test('stop pauses a created migration at once, and stores who asked and why', async () => {
  await insertMigration(database.sql, NAME);
  expect(await stop(db, NAME, 'pause', asked, TIMEOUT)).toBe('stopped');
  expect(await row(database.sql, NAME)).toMatchObject({
    status: 'paused',
    request: 'pause',
    requested_by: 'alice@test',
    request_reason: 'month-end',
  });
});

test('stop only asks while an attempt is alive', async () => {
  await insertRunning(database.sql, NAME);
  expect(await stop(db, NAME, 'pause', asked, TIMEOUT)).toBe('asked');
  expect(await row(database.sql, NAME)).toMatchObject({ status: 'in_progress', request: 'pause' });
  expect(await settle(db, NAME, 'pause', TIMEOUT)).toBe(false);
});

test('stop takes a silent worker for dead: it fences off the attempt and writes its outcome', async () => {
  await insertRunning(database.sql, NAME, 31);
  expect(await stop(db, NAME, 'cancel', asked, TIMEOUT)).toBe('stopped');
  expect(await row(database.sql, NAME)).toMatchObject({
    status: 'cancelled',
    current_attempt: null,
  });
  const [attempt] =
    await database.sql`select outcome, ended_at from long_running_migrations.attempts`;
  expect(attempt).toMatchObject({ outcome: 'interrupted', ended_at: expect.anything() });
});

test('stop ends the database sessions of a dead worker, which hold the lock of the fence', async () => {
  const id = await insertRunning(database.sql, NAME, 31);
  const orphan = connect(database.databaseUrl, { max: 1, applicationName: applicationName(id) });
  // Not sql.begin(): postgres.js fails on the ROLLBACK that it then writes to the ended session.
  const holding = orphan
    .unsafe(
      `begin; select pg_advisory_xact_lock_shared(
         hashtextextended('long_running_migrations:${NAME}', 0)); select pg_sleep(600)`,
    )
    .catch((error) => error.code);
  await waitFor('the orphan to hold the lock', async () => {
    const locks = await database.sql`
      select from pg_locks join pg_stat_activity using (pid)
      where locktype = 'advisory' and granted and application_name = ${applicationName(id)}
        and datname = current_database()`;
    return locks.length > 0;
  });

  expect(await stop(db, NAME, 'pause', asked, TIMEOUT)).toBe('stopped');

  expect(await holding).toMatch(/^(57P01|CONNECTION_CLOSED)$/);
  await orphan.end({ timeout: 1 });
});

test('settle completes a stop when the worker dies after it was asked', async () => {
  await insertRunning(database.sql, NAME);
  await stop(db, NAME, 'pause', asked, TIMEOUT);
  await database.sql`
    update long_running_migrations.attempts set heartbeat_at = now() - interval '1 minute'`;
  expect(await settle(db, NAME, 'pause', TIMEOUT)).toBe(true);
  expect(await row(database.sql, NAME)).toMatchObject({ status: 'paused', requested_by: asked.by });
});

test('a stop does not wait for a dead attempt whose heartbeat lies ahead since the clock was set back', async () => {
  await insertRunning(database.sql, NAME);
  await database.sql`
    update long_running_migrations.attempts set heartbeat_at = now() + interval '1 day'`;
  expect(await stop(db, NAME, 'pause', asked, TIMEOUT)).toBe('stopped');
  expect(await row(database.sql, NAME)).toMatchObject({ status: 'paused' });
});

test('settle does nothing after the stop was withdrawn', async () => {
  await insertRunning(database.sql, NAME);
  await stop(db, NAME, 'pause', asked, TIMEOUT);
  expect(await resume(db, NAME, asked)).toBe('withdrawn');
  await database.sql`
    update long_running_migrations.attempts set heartbeat_at = now() - interval '1 minute'`;
  expect(await settle(db, NAME, 'pause', TIMEOUT)).toBe(false);
  expect(await row(database.sql, NAME)).toMatchObject({ status: 'in_progress', request: 'resume' });
});

test('stop does not turn a requested cancel into a pause', async () => {
  await insertRunning(database.sql, NAME);
  await stop(db, NAME, 'cancel', asked, TIMEOUT);
  await expect(stop(db, NAME, 'pause', asked, TIMEOUT)).rejects.toThrow(
    "0001_a is in_progress and to be cancelled (asked by alice@test): can't pause it. Possible: " +
      'npx lrm pause 0001_a, npx lrm cancel 0001_a, npx lrm resume 0001_a',
  );
  expect(await stop(db, NAME, 'cancel', asked, TIMEOUT)).toBe('asked');
});

test.each([
  ['paused', 'pause', 'npx lrm resume 0001_a, npx lrm cancel 0001_a'],
  ['completed', 'pause', 'npx lrm retry 0001_a --from-start'],
  ['completed', 'cancel', 'npx lrm retry 0001_a --from-start'],
  ['failed', 'pause', 'npx lrm cancel 0001_a, npx lrm retry 0001_a'],
  ['cancelled', 'cancel', 'npx lrm retry 0001_a'],
] as const)(
  'stop of a %s migration refuses to %s, and says what is possible',
  async (status, move, possible) => {
    await insertMigration(database.sql, NAME, status);
    const failure = await stop(db, NAME, move, asked, TIMEOUT).catch((error) => error);
    expect(failure).toBeInstanceOf(OperationRefused);
    expect(failure.message).toBe(`0001_a is ${status}: can't ${move} it. Possible: ${possible}`);
    expect(await row(database.sql, NAME)).toMatchObject({ status, request: null });
  },
);

test('stop refuses a migration that is not registered', async () => {
  await expect(stop(db, '0009_b', 'pause', asked, TIMEOUT)).rejects.toThrow(
    '0009_b is not registered',
  );
});

test('stop and retry at the same time have the same result as one after the other', async () => {
  for (let round = 0; round < 20; round++) {
    const name = `00${String(round).padStart(2, '0')}_race`;
    await insertMigration(database.sql, name, 'failed');
    const [stopped, retried] = await Promise.allSettled([
      stop(db, name, 'pause', asked, TIMEOUT),
      retry(db, name, asked, false),
    ]);
    expect(retried.status).toBe('fulfilled');
    const { status, request } = await row(database.sql, name);
    // The pause came first and was refused, or it came second and succeeded.
    if (stopped.status === 'rejected')
      expect({ status, request }).toEqual({ status: 'created', request: 'retry' });
    else expect({ status, request }).toEqual({ status: 'paused', request: 'pause' });
  }
});
