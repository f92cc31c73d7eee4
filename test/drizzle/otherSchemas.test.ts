import { beforeAll, expect, test } from '@jest/globals';
import { lrmWith } from '../client/lrm';
import { useDevServers } from '../support/devServers';
import { SAFE_FORM } from '../support/registration';
import { useRoles } from '../support/roles';
import { waitFor } from '../support/waitFor';

const one = useDevServers();
const two = useDevServers();
const roles = useRoles(one);

/** Milliseconds. Each test starts a dozen processes, which a busy machine needs minutes for. */
const MANY_PROCESSES = 240_000;

/** In the database of the first one. */
const other = () => ({ DATABASE_URL: one.databaseUrl, LRM_SCHEMA: 'other_migrations' });

/** A job that walks a table in batches, and then waits until `gate` has a row. */
const WALK = (who: string) => `
const { sql } = require('drizzle-orm');
const { bigint, pgSchema, text } = require('drizzle-orm/pg-core');
const places = pgSchema('app').table('places', {
  id: bigint('id', { mode: 'bigint' }).primaryKey(),
  by: text('by').notNull(),
});
exports.run = async (job) => {
  await job.inBatches(places, { key: places.id }, async (tx, batch) => {
    await tx.update(places).set({ by: sql\`by || '${who}'\` }).where(batch);
  });
  await job.sql\`insert into app.waiting values ('${who}')\`;
  for (;;) {
    job.signal.throwIfAborted();
    if ((await job.sql\`select from app.gate\`).length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};`;

beforeAll(async () => {
  await one.sql.unsafe(`
    create schema app;
    create table app.places (id bigint primary key, by text not null);
    insert into app.places select i, '' from generate_series(1, 1000) i;
    create table app.waiting (who text);
    create table app.gate (open boolean)`);
});

test(
  'two installations in one database run a migration of the same name at once',
  async () => {
    expect((await lrmWith(two, other())('migrate')).code).toBe(0);
    const jobs = { one: one.jobsFolder(), two: two.jobsFolder() };
    jobs.one.writeJob('0001_walk', WALK('1'));
    jobs.two.writeJob('0001_walk', WALK('2'));
    const workers = await Promise.all([
      one.startWorker({ jobs: jobs.one }),
      two.startWorker({ jobs: jobs.two, env: other() }),
    ]);
    const lrm = {
      one: lrmWith(one, { LRM_JOBS_DIR: jobs.one.path }),
      two: lrmWith(two, { ...other(), LRM_JOBS_DIR: jobs.two.path }),
    };
    const registered = await Promise.all([
      lrm.one('register', '0001_walk', '--run'),
      lrm.two('register', '0001_walk', '--run'),
    ]);
    expect(registered.map(({ code }) => code)).toEqual([0, 0]);
    // Their attempts have the same ID, which is in the names of their sessions.
    await waitFor('both jobs to have walked', async () => {
      const rows = await one.sql`select from app.waiting`;
      return rows.length === 2 || undefined;
    });
    await one.sql`insert into app.gate values (true)`;
    await Promise.all(
      [lrm.one, lrm.two].map(async (installation) => {
        expect((await installation('finalize', '0001_walk')).code).toBe(0);
        expect(await names(installation)).toEqual(['0001_walk completed 1']);
      }),
    );
    const [row] = await one.sql`
    select count(*) filter (where by in ('12', '21'))::int as both, count(*)::int as all
    from app.places`;
    expect(row).toEqual({ both: 1000, all: 1000 });
    // Otherwise they would take the attempts of the next test.
    for (const worker of workers) expect(await worker.stop()).toBe(0);
  },
  MANY_PROCESSES,
);

test(
  "the role's search_path does not matter",
  async () => {
    const role = await roles.create();
    await one.sql.unsafe(`
    drop schema long_running_migrations cascade;
    truncate app.gate; insert into app.gate values (true);
    create schema decoy;
    create table decoy.migrations (name text);
    create table decoy.attempts (id text);
    grant all on schema decoy, app to ${role.name};
    grant all on all tables in schema decoy, app to ${role.name};
    grant create on database ${new URL(one.databaseUrl).pathname.slice(1)} to ${role.name};
    alter role ${role.name} set search_path = decoy`);
    const jobs = one.jobsFolder();
    jobs.writeJob('0001_walk', WALK('3'));
    const env = { DATABASE_URL: role.url, LRM_JOBS_DIR: jobs.path };
    const lrm = lrmWith(one, env);
    await one.sql.unsafe(`set role ${role.name}; ${SAFE_FORM('0001_walk')} reset role`);
    expect((await lrm('check')).stderr).toMatch('Next: npx lrm migrate');
    expect((await lrm('migrate')).code).toBe(0);
    await one.startWorker({ env });
    expect(await lrm('finalize', '0001_walk')).toMatchObject({ code: 0 });
    expect(await names(lrm)).toEqual(['0001_walk completed 1']);
    expect((await lrm('check')).code).toBe(0);
    const [row] = await one.sql`select count(*)::int from app.places where by like '%3'`;
    expect(row).toEqual({ count: 1000 });
    expect(await one.sql`select from decoy.migrations`).toEqual([]);
  },
  MANY_PROCESSES,
);

async function names(lrm: ReturnType<typeof lrmWith>): Promise<string[]> {
  const { stdout } = await lrm('status', '--json');
  const rows: { name: string; status: string; attempts: number }[] = JSON.parse(stdout);
  return rows.map(({ name, status, attempts }) => `${name} ${status} ${attempts}`);
}
