import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { useRoles } from '../../support/roles';
import { waitFor } from '../../support/waitFor';
import { withAttempt } from './attempts';
import { useItems } from './items';

// Rows that a walk's session does not see would be passed over, and those of inheriting tables come
// without the order and the uniqueness of the key.
const ROWS = 100;
const database = useItems(ROWS);
const roles = useRoles(database);

/**
 * @param change what is done after the third batch
 * @param during what is done in the fifth one, before its rows are changed
 */
async function walk(change = '', role?: { readonly url: string }, during = '') {
  const databaseUrl = role?.url ?? database.databaseUrl;
  let batches = 0;
  const check = async () => {
    if (batches === 3 && change) await database.sql.unsafe(change);
    return undefined;
  };
  const throttle = { dutyCycle: 1, replicaLag: false, check } as const;
  const options = { key: sql`id`, throttle, lanes: 1, batchSize: { min: 10, max: 10 } } as const;
  await withAttempt({ databaseUrl, sql: database.sql }, ({ job }) =>
    job.inBatches(sql`items`, options, async (tx, batch) => {
      if (batches === 4 && during) await database.sql.unsafe(during);
      await tx.execute(sql`update items set touched = touched + 1 where ${batch}`);
      batches += 1;
      // The throttler calls the check at most once per second.
      if (batches === 3) await new Promise((resolve) => setTimeout(resolve, 1_000));
    }),
  );
}

const done = async () => {
  const [row] = await database.sql`select count(*)::int as rows from items where touched = 1`;
  return row?.['rows'];
};

const HIDE = 'alter table items enable row level security;';
const policy = (what: string) => `${HIDE} create policy one on items ${what};`;

test.each([
  ['without a policy', HIDE],
  ['with a policy for some rows', policy('using (id > 50)')],
  ['with a policy that lets it only read all rows', policy('for select using (true)')],
  ['with a policy that has only a check', policy('for all with check (true)')],
  [
    'with a restrictive policy beside',
    `${policy('using (true)')} create policy more on items as restrictive using (id > 50);`,
  ],
])('a walk is refused where row level security may hide rows: %s', async (_, script) => {
  const role = await roles.create();
  await database.sql.unsafe(`grant all on items to ${role.name}; ${script}`);
  await expect(walk('', role)).rejects.toThrow(/row level security of public.items .* BYPASSRLS/);
  expect(await done()).toBe(0);
});

test('a walk is refused as soon as row level security hides rows', async () => {
  const role = await roles.create();
  await database.sql.unsafe(`grant all on items to ${role.name}`);
  await expect(walk(HIDE, role)).rejects.toThrow(/row level security of public.items/);
  expect(await done()).toBe(30);
});

test('a walk is refused where row level security is being enabled when it is opened', async () => {
  const role = await roles.create();
  await database.sql.unsafe(`grant all on items to ${role.name}`);
  let opening: Promise<unknown> = Promise.resolve();
  await database.sql.begin(async (tx) => {
    await tx.unsafe(HIDE);
    opening = walk('', role).catch((error: unknown) => error);
    await waitFor('the walk to wait for the table', async () => {
      const [waiter] = await database.sql`select 1 from pg_locks
        where not granted and relation = 'items'::regclass`;
      return waiter;
    });
  });
  expect(String(await opening)).toMatch(/row level security of public.items .* BYPASSRLS/);
  expect(await done()).toBe(0);
});

test.each([
  ['no policy', ''],
  ['a policy that shows all rows', 'create policy one on items using (true)'],
])(
  'a batch is not stored when its role comes to need a policy while it runs, and there is %s',
  async (_, more) => {
    const role = await roles.create();
    await database.sql.unsafe(
      `grant all on items to ${role.name}; alter role ${role.name} bypassrls; ${HIDE} ${more}`,
    );
    const during = `alter role ${role.name} nobypassrls`;
    await expect(walk('', role, during)).rejects.toThrow(/row level security of public.items/);
    await database.sql.unsafe(`alter role ${role.name} bypassrls`);
    await walk('', role);
    expect(await done()).toBe(ROWS);
  },
);

test('a walk is refused as soon as a policy no longer shows all rows', async () => {
  const role = await roles.create();
  await database.sql.unsafe(`grant all on items to ${role.name}; ${policy('using (true)')}`);
  await expect(walk('alter policy one on items using (id > 50)', role)).rejects.toThrow(
    /row level security of public.items/,
  );
  expect(await done()).toBe(30);
});

test('a walk is refused as soon as its role loses the right to see all rows', async () => {
  const role = await roles.create();
  await database.sql.unsafe(
    `grant all on items to ${role.name}; alter role ${role.name} bypassrls; ${HIDE}`,
  );
  await expect(walk(`alter role ${role.name} nobypassrls`, role)).rejects.toThrow(
    /row level security of public.items/,
  );
  expect(await done()).toBe(30);
});

test.each([
  ['its policy shows all rows', policy('using (true)')],
  [
    'a restrictive policy has only a check',
    `${policy('using (true)')} create policy more on items as restrictive with check (true);`,
  ],
  [
    'a policy for others is restrictive',
    `${policy('using (true)')}
    create policy more on items as restrictive to pg_monitor using (false);`,
  ],
])('a walk goes over a table with row level security where %s', async (_, script) => {
  const role = await roles.create();
  await database.sql.unsafe(`grant all on items to ${role.name}; ${script}`);
  await walk('', role);
  expect(await done()).toBe(ROWS);
});

test('a walk is refused as soon as another table inherits from its own', async () => {
  // Once there was one: the table's own row in the catalog then stays as it is.
  await database.sql.unsafe(`create table child () inherits (items); drop table child;
    create table child (like items including all); insert into child values (5), (95)`);
  await expect(walk('alter table child inherit items')).rejects.toThrow(
    /tables inheriting from it/,
  );
  expect(await done()).toBe(30);
});
