import { beforeAll, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import fc from 'fast-check';
import { useDatabase } from '../../support/database';
import { withAttempt } from './attempts';

const database = useDatabase();

// Arbitrary keys of each type, as text. Of keys that are equal to Postgres, only one is stored.
const text = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((value) => !value.includes('\0'));
const micros = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });
const asTime = (value: bigint) => {
  const iso = new Date(Number(value / 1_000n)).toISOString().slice(0, 20);
  return `${iso}${String(((value % 1_000_000n) + 1_000_000n) % 1_000_000n).padStart(6, '0')}Z`;
};

const keyTypes: Record<string, fc.Arbitrary<string>> = {
  smallint: fc.integer({ min: -32_768, max: 32_767 }).map(String),
  integer: fc.integer().map(String),
  bigint: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  numeric: fc.tuple(fc.bigInt(), fc.nat(30)).map(([n, scale]) => `${n}e-${scale}`),
  'double precision': fc.double({ noNaN: false }).map((n) => (Object.is(n, -0) ? '0' : `${n}`)),
  uuid: fc.uuid(),
  'text collate "C"': text,
  'text collate "en-x-icu"': text,
  'text collate case_blind': text,
  'character(6)': text.map((value) => [...value].slice(0, 3).join('')),
  date: fc.integer({ min: -1_500_000, max: 1_500_000 }).map((days) => `J${2_451_545 + days}`),
  'timestamp with time zone': micros.map(asTime),
  interval: fc
    .tuple(fc.integer({ max: 999, min: -999 }), fc.nat(999))
    .map(([m, d]) => `${m} mon ${d} day 0.000001 s`),
  bytea: fc.uint8Array({ maxLength: 8 }).map((bytes) => `\\x${Buffer.from(bytes).toString('hex')}`),
  inet: fc.ipV4(),
};

beforeAll(async () => {
  await database.sql.unsafe(
    "create collation case_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
  );
});

const walks = fc.record({
  size: fc.integer({ min: 1, max: 15 }),
  lanes: fc.integer({ min: 1, max: 4 }),
  descending: fc.boolean(),
  /** For each attempt: the number of batches after which it is asked to stop. */
  stops: fc.array(fc.nat(5), { maxLength: 3 }),
  /** Between two attempts, rows are deleted whose ID is a multiple of this number. */
  deleted: fc.integer({ min: 3, max: 20 }),
});
type Walk = typeof walks extends fc.Arbitrary<infer T> ? T : never;

/**
 * Walks over `keyed` in one attempt for each stop, and a last one. Returns the IDs that were
 * visited.
 */
async function walk(columns: string[], { size, lanes, descending, stops, deleted }: Walk) {
  const visited: string[] = [];
  const key = columns.map((column) => sql.identifier(column)).map((name) => sql`${name}`);
  const options = { key, lanes, descending, throttle: false, batchSize: { max: size } } as const;
  for (const stopAfter of [...stops, Number.POSITIVE_INFINITY]) {
    let batches = 0;
    await withAttempt(database, ({ job, stop }) =>
      job.inBatches(sql`keyed`, options, async (tx, batch) => {
        await tx.execute(sql`update keyed set touched = touched + 1 where ${batch}`);
        const rows = await batch.rows({ id: sql<string>`id::text` });
        visited.push(...rows.map(({ id }) => id));
        batches += 1;
        if (batches > stopAfter) stop(new Error('stopped'));
      }),
    ).catch((error) => expect(error.message).toBe('stopped'));
    await database.sql`delete from keyed where id % ${deleted} = 0 and touched = ${visited.length % 2}`;
  }
  return visited;
}

async function expectWalked(columns: string[], given: Walk, visited: string[]): Promise<void> {
  const twice = await database.sql`select id from keyed where touched <> 1`;
  expect(twice).toHaveLength(0);
  expect(new Set(visited).size).toBe(visited.length);
  if (given.lanes > 1) return;
  const direction = given.descending ? 'desc' : 'asc';
  const ordered = await database.sql.unsafe(
    `select id::text from keyed order by ${columns.map((name) => `${name} ${direction}`).join()}`,
  );
  const left = new Set(ordered.map(({ id }) => id));
  expect(visited.filter((id) => left.has(id))).toEqual(ordered.map(({ id }) => id));
}

async function store(types: string[], rows: string[][]): Promise<void> {
  const columns = types.map((type, i) => `k${i} ${type} not null`).join(', ');
  const names = types.map((_, i) => `k${i}`).join(', ');
  const casts = types.map((type, i) => `(row->>${i})::${type.replace(/ collate .*/, '')}`);
  await database.sql.unsafe(`
    drop table if exists keyed;
    truncate long_running_migrations.walks, long_running_migrations.finished_ranges;
    create table keyed (id bigint generated always as identity, ${columns},
      touched integer not null default 0, unique (${names}))`);
  await database.sql.unsafe(
    `insert into keyed (${names}) select ${casts.join()} from unnest($1::text[]) rows (line),
      lateral (select line::jsonb as row) _ on conflict do nothing`,
    [rows.map((row) => JSON.stringify(row))],
  );
}

const RUNS = 5;

test.each(Object.entries(keyTypes))(
  'inBatches walks along %s exactly, however interrupted',
  async (type, keys) => {
    await fc.assert(
      fc.asyncProperty(fc.array(keys, { maxLength: 60 }), walks, async (values, given) => {
        await store(
          [type],
          values.map((value) => [value]),
        );
        await expectWalked(['k0'], given, await walk(['k0'], given));
      }),
      { numRuns: RUNS },
    );
  },
);

test('inBatches walks along composite keys exactly, however interrupted', async () => {
  const few = (arbitrary: fc.Arbitrary<string>) =>
    fc.uniqueArray(arbitrary, { minLength: 1, maxLength: 4 });
  const types = Object.keys(keyTypes);
  const pairs = fc.tuple(fc.constantFrom(...types), fc.constantFrom(...types)).chain(([one, two]) =>
    fc
      .tuple(few(keyTypes[one] ?? text), few(keyTypes[two] ?? text), few(fc.integer().map(String)))
      .map(([a, b, c]) => ({
        types: [one, two, 'integer'],
        rows: a.flatMap((x) => b.flatMap((y) => c.map((z) => [x, y, z]))),
      })),
  );
  const columns = ['k0', 'k1', 'k2'];
  await fc.assert(
    fc.asyncProperty(pairs, walks, async (table, given) => {
      await store(table.types, table.rows);
      await expectWalked(columns, given, await walk(columns, given));
    }),
    { numRuns: 4 * RUNS },
  );
});
