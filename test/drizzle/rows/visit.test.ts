import { afterEach, expect, test } from '@jest/globals';
import { connect, type Sql } from '../../../drizzle/connect';
import { type Database, database as drizzle } from '../../../drizzle/database';
import { type FencedAttempt, selectIfCurrent } from '../../../drizzle/rows/fence';
import { describeSessions, endSessions, nameElsewhere } from '../../../drizzle/rows/sessions';
import { stop } from '../../../drizzle/rows/stop';
import { unregister } from '../../../drizzle/rows/unregister';
import { visit } from '../../../drizzle/rows/visit';
import { useDatabase } from '../../support/database';
import { insertRunning } from './rows';

const main = useDatabase();
const archive = useDatabase();
const bare = useDatabase({ empty: true });
const NAME = '0001_a';
const opened: Sql[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((sql) => sql.end({ timeout: 1 })));
  for (const { sql } of [main, archive]) {
    await sql`truncate long_running_migrations.migrations, long_running_migrations.visiting_attempts,
      long_running_migrations.walks cascade`;
  }
});

function open(url: string, applicationName = 'test'): Sql {
  const sql = connect(url, { max: 2, applicationName });
  opened.push(sql);
  return sql;
}

const there = (): Database => drizzle(open(archive.databaseUrl));
/** The main database as `lrm` and workers open it. */
const here = (others: Record<string, string>): Database => drizzle(open(main.databaseUrl), others);

const attempt = (id: bigint): FencedAttempt => ({
  migration: NAME,
  id,
  number: 1,
  epoch: `00000000-0000-4000-8000-00000000000${id}`,
  server: '',
});
const generation = (number: number) => `11111111-0000-4000-8000-00000000000${number}`;
const origin = (number: number, former: readonly number[] = []) => ({
  installation: '00000000-0000-4000-8000-000000000000',
  generation: generation(number),
  former: former.map(generation),
});
const visitors = () =>
  archive.sql`select attempt, generation from long_running_migrations.visiting_attempts`;

test('asks the main database while it holds the lock, and changes nothing when it is not current', async () => {
  const db = there();
  await visit(attempt(2n), origin(1), db, async () => {});
  const late = visit(attempt(1n), origin(1), db, async () => {
    const [held] = await archive.sql`
      select 1 from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock' and granted
        and database = (select oid from pg_database where datname = current_database())`;
    throw new Error(held ? 'superseded, under the lock' : 'without the lock');
  });
  await expect(late).rejects.toThrow('superseded, under the lock');
  expect(await visitors()).toMatchObject([{ attempt: '2' }]);
});

test('tells attempts apart that have one number, because the main database was restored', async () => {
  const db = there();
  const { attempt: before } = await visit(attempt(1n), origin(1), db, async () => {});
  const restored = { ...attempt(1n), epoch: attempt(2n).epoch };
  const { attempt: after } = await visit(restored, origin(1), db, async () => {});
  expect(await db.execute(selectIfCurrent(before))).toHaveLength(0);
  expect(await db.execute(selectIfCurrent(after))).toHaveLength(1);
});

test('removes the walks of an earlier generation, and only those', async () => {
  const db = there();
  await visit(attempt(1n), origin(1), db, async () => {});
  const walk = (migration: string) => archive.sql`
    with walk as (
      insert into long_running_migrations.walks (migration, name, shape)
      values (${migration}, '1', '{}') returning id)
    insert into long_running_migrations.finished_ranges (walk, upto, rows)
    select id, '{1}', 1 from walk`;
  await archive.sql`insert into long_running_migrations.migrations (name) values (${NAME})`;
  for (const name of [NAME, origin(1).generation, origin(3).generation]) await walk(name);
  await visit(attempt(2n), origin(2, [1]), db, async () => {});
  const left = await archive.sql`
    select migration from long_running_migrations.walks join long_running_migrations.finished_ranges f
      on f.walk = walks.id order by 1`;
  expect(left).toEqual([{ migration: NAME }, { migration: origin(3).generation }]);
  expect(await visitors()).toEqual([{ attempt: '2', generation: origin(2).generation }]);
});

test('refuses to begin again where the main database does not know what stands there', async () => {
  const db = there();
  await visit(attempt(1n), origin(2, [1]), db, async () => {});
  await archive.sql`insert into long_running_migrations.walks (migration, name, shape)
    values (${generation(2)}, '1', '{}')`;
  // Restored to a time before --from-start, or before it was registered.
  const restored = visit(attempt(2n), origin(1), db, async () => {});
  await expect(restored).rejects.toThrow(
    `what ${NAME} has done in the further database stands there under generation ${generation(2)}, which`,
  );
  expect(await visitors()).toEqual([{ attempt: '1', generation: generation(2) }]);
  expect(await archive.sql`select from long_running_migrations.walks`).toHaveLength(1);
  // Registered by an older version, which has not kept the former ones.
  await visit(attempt(3n), { ...origin(3), former: null }, db, async () => {});
  expect(await visitors()).toEqual([{ attempt: '3', generation: generation(3) }]);
});

test('a new generation adds the one before to the former ones, whoever gives it', async () => {
  const [row] =
    await main.sql`insert into long_running_migrations.migrations (name) values (${NAME})
    returning generation, former_generations`;
  expect(row?.['former_generations']).toEqual([]);
  const renew = () => main.sql`update long_running_migrations.migrations
    set generation = gen_random_uuid(), updated_at = now() returning generation, former_generations`;
  const [second] = await renew();
  expect(second?.['former_generations']).toEqual([row?.['generation']]);
  const [third] = await renew();
  expect(third?.['former_generations']).toEqual([row?.['generation'], second?.['generation']]);
  const [same] = await main.sql`update long_running_migrations.migrations
    set generation = generation, rows_done = 1 returning former_generations`;
  expect(same).toEqual({ former_generations: third?.['former_generations'] });
  // Registered by an older version: they stay unknown, or those before would be refused.
  await main.sql`update long_running_migrations.migrations set former_generations = null`;
  expect(await renew()).toMatchObject([{ former_generations: null }]);
});

const installation = async (): Promise<string> => {
  const [row] = await main.sql`select id from long_running_migrations.installations`;
  return row?.['id'];
};

/** A running attempt with a session in the archive. Returns its ID and the session's process ID. */
async function visiting(): Promise<{ id: bigint; pid: number }> {
  const id = await insertRunning(main.sql, NAME);
  await main.sql`update long_running_migrations.attempts set databases = '{archive}', heartbeat_at = now() - interval '1 hour'`;
  const name = nameElsewhere(await installation(), id);
  const [session] = await open(archive.databaseUrl, name)`select pg_backend_pid() as pid`;
  return { id, pid: session?.['pid'] };
}

const isThere = async (pid: number) =>
  (await archive.sql`select 1 from pg_stat_activity where pid = ${pid}`).length > 0;
const used = async () =>
  (await main.sql`select databases from long_running_migrations.attempts`).map(
    ({ databases }) => databases,
  );

test('sessions of an attempt are ended in the further databases that it has used', async () => {
  const { id, pid } = await visiting();
  // Of another installation, with the same number.
  const other = open(archive.databaseUrl, nameElsewhere(origin(1).installation, id));
  const [foreign] = await other`select pg_backend_pid() as pid`;
  expect(await endSessions(here({ archive: archive.databaseUrl }), [id])).toEqual([]);
  expect(await isThere(pid)).toBe(false);
  expect(await isThere(foreign?.['pid'])).toBe(true);
  expect(await used()).toEqual([[]]);
});

test('an attempt is not taken for gone while a database that it has used can not be asked', async () => {
  const { id, pid } = await visiting();
  const open = await endSessions(here({}), [id]);
  expect(describeSessions(open)).toBe(
    'sessions in database archive that may be open: LRM_DATABASE_ARCHIVE_URL is not set here',
  );
  const away = here({ archive: 'postgres://user:secret@127.0.0.1:1/archive' });
  const asked = { by: 'alice@test', reason: null };
  const cancelling = stop(away, NAME, 'cancel', asked, 30_000);
  await expect(cancelling).rejects.toThrow(
    /may still run: .* database archive .*\(LRM_DATABASE_ARCHIVE_URL\)/,
  );
  await expect(cancelling).rejects.not.toThrow(/secret/);
  expect(await isThere(pid)).toBe(true);
  expect(await used()).toEqual([['archive']]);
});

test('unregister removes what is stored elsewhere, or says where something is left', async () => {
  await main.sql`insert into long_running_migrations.migrations (name) values (${NAME})`;
  await main.sql`insert into long_running_migrations.walks (migration, name, shape)
    values (${NAME}, '1', '{"database": "archive"}')`;
  const [row] = await main.sql`select generation from long_running_migrations.migrations`;
  const own = {
    installation: await installation(),
    generation: row?.['generation'],
    former: [],
  };
  await visit(attempt(1n), own, there(), async () => {});
  await archive.sql`insert into long_running_migrations.walks (migration, name, shape)
    values (${own.generation}, '1', '{}')`;
  const removed = await unregister(here({ archive: archive.databaseUrl }), NAME, true, 30_000);
  expect(removed.left).toEqual([]);
  expect(await visitors()).toEqual([]);
  expect(await archive.sql`select from long_running_migrations.walks`).toHaveLength(0);

  await main.sql`insert into long_running_migrations.migrations (name) values (${NAME})`;
  await main.sql`insert into long_running_migrations.walks (migration, name, shape)
    values (${NAME}, '1', '{"database": "archive"}')`;
  expect((await unregister(here({}), NAME, true, 30_000)).left).toEqual([
    'what the walks of 0001_a may have stored in database archive is left there: LRM_DATABASE_ARCHIVE_URL is not set here. ' +
      'If 0001_a is registered anew, its walks there will be refused. To remove it, type there: ' +
      'DELETE FROM long_running_migrations.visiting_attempts ' +
      `WHERE installation = '${own.installation}' AND migration = '0001_a';`,
  ]);
});

test('unregister also removes what walks before a start from the beginning have stored elsewhere', async () => {
  await main.sql`insert into long_running_migrations.migrations (name) values (${NAME})`;
  const [row] = await main.sql`select generation from long_running_migrations.migrations`;
  const generation = row?.['generation'];
  const own = { installation: await installation(), generation, former: [] };
  await visit(attempt(1n), own, there(), async () => {});
  await archive.sql`insert into long_running_migrations.walks (migration, name, shape)
    values (${generation}, '1', '{}')`;
  await main.sql`update long_running_migrations.migrations set generation = gen_random_uuid()`;
  // The other one lacks our tables, so nothing can be left there.
  const known = { archive: archive.databaseUrl, bare: bare.databaseUrl };
  expect((await unregister(here(known), NAME, true, 30_000)).left).toEqual([]);
  expect(await visitors()).toEqual([]);
  expect(await archive.sql`select from long_running_migrations.walks`).toHaveLength(0);
});
