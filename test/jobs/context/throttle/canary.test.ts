import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { connect, type Sql } from '../../../../drizzle/connect';
import { Canary } from '../../../../jobs/context/throttle/canary';
import { useDatabase } from '../../../support/database';
import { waitFor } from '../../../support/waitFor';

const database = useDatabase();
const open = (applicationName: string): Sql =>
  connect(database.databaseUrl, { applicationName, max: 1 });

let sql: Sql;
let canary: Canary;

beforeEach(async () => {
  sql = open('lrm:test:1');
  canary = new Canary(sql);
});

afterEach(async () => {
  await sql.end({ timeout: 1 });
  await database.sql`truncate long_running_migrations.canaries`;
});

const NOTHING = { commits: 0, activeMs: 0 };
const rows = () =>
  database.sql<{ id: string; session: string; commits: string; active_ms: number }[]>`
    select * from long_running_migrations.canaries order by id`;

test('a pulse updates one row of its own and shows what the attempt has done', async () => {
  expect(await canary.pulse(NOTHING)).toBeUndefined();
  const pulse = await canary.pulse({ commits: 12, activeMs: 3.25 });
  expect(pulse?.ms).toBeGreaterThan(0);
  expect(await rows()).toMatchObject([{ session: 'lrm:test:1', commits: '12', active_ms: 3.25 }]);
  await canary.end();
  expect(await rows()).toEqual([]);
});

test('the time of a busy thread of ours is not in the latency', async () => {
  await canary.pulse(NOTHING);
  const answer = canary.pulse(NOTHING);
  // The message is on its way, and its answer can't be read.
  await sleep(0);
  for (const end = performance.now() + 3_000; performance.now() < end; );
  expect((await answer)?.ms).toBeLessThan(2_000);
});

test('a slow server is in the latency, with its COMMIT', async () => {
  await canary.pulse(NOTHING);
  await database.sql.unsafe(`
    create function slow() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.1); return null; end $$;
    create constraint trigger slow after update on long_running_migrations.canaries
      deferrable initially deferred for each row execute function slow()`);
  try {
    expect((await canary.pulse(NOTHING))?.ms).toBeGreaterThan(100);
  } finally {
    await database.sql`drop function slow cascade`;
  }
});

test('a row gets no more than a hundred updates, so that an old snapshot does not slow it down', async () => {
  await canary.pulse(NOTHING);
  const [first] = await rows();
  for (let pulse = 0; pulse < 100; pulse++) await canary.pulse(NOTHING);
  expect((await rows())[0]?.id).toBe(first?.id);
  expect(await canary.pulse({ commits: 7, activeMs: 0 })).toBeUndefined();
  expect(await rows()).toMatchObject([{ id: String(Number(first?.id) + 1), commits: '7' }]);
});

test('what a killed attempt has left is removed, and what others use is not', async () => {
  const others = open('lrm:test:2');
  const beside = new Canary(others);
  await beside.pulse(NOTHING);
  await database.sql`insert into long_running_migrations.canaries (session) values ('lrm:test:0')`;
  await canary.pulse(NOTHING);
  expect((await rows()).map(({ session }) => session)).toEqual(['lrm:test:2', 'lrm:test:1']);
  // Its row is looked for again.
  await others.end({ timeout: 1 });
  const next = new Canary(sql);
  await waitFor('the session to end', async () => {
    await next.pulse(NOTHING);
    await next.end();
    return (await rows()).length === 0;
  });
});

test('a row that somebody has removed is made again', async () => {
  await canary.pulse(NOTHING);
  await database.sql`delete from long_running_migrations.canaries`;
  await canary.pulse(NOTHING);
  await canary.pulse(NOTHING);
  expect(await canary.pulse(NOTHING)).toBeDefined();
  expect(await rows()).toHaveLength(1);
});

test('after an error its session is not left in a transaction', async () => {
  await canary.pulse(NOTHING);
  await database.sql`alter table long_running_migrations.canaries rename to gone`;
  await expect(canary.pulse(NOTHING)).rejects.toMatchObject({ code: '42P01' });
  await database.sql`alter table long_running_migrations.gone rename to canaries`;
  expect(await canary.pulse(NOTHING)).toBeDefined();
});

test('it commits as the application does, also where the transactions of walks do not wait', async () => {
  await canary.pulse(NOTHING);
  await database.sql.unsafe(`
    create function how() returns trigger language plpgsql as
      $$ begin new.session = current_setting('synchronous_commit'); return new; end $$;
    create trigger how before update on long_running_migrations.canaries
      for each row execute function how()`);
  try {
    await canary.pulse(NOTHING);
    expect(await rows()).toMatchObject([{ session: 'on' }]);
  } finally {
    await database.sql`drop function how cascade`;
  }
});
