import { createCipheriv, createDecipheriv, scryptSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Sql } from '../../drizzle/connect';
import type { KillAfter } from '../../worker/testing';
import { closeDatabase, openDatabase, type TestDatabase } from '../support/database';

/** The data of a recipe, and what must hold after it. */
export interface Recipe {
  /** Makes the tables with their rows. */
  readonly tables: string;
  readonly killAfter: KillAfter;
  /** Returns the environment that its job reads. */
  readonly before?: (sql: Sql) => Promise<Record<string, string>>;
  /** Makes the further databases that its job uses. Returns their URLs by name. */
  readonly databases?: () => Promise<Record<string, string>>;
  /** Queries that must find no row: what is wrong. */
  readonly wrong: readonly string[];
  /** What SQL can't check. Returns what is wrong. */
  readonly alsoWrong?: (sql: Sql) => Promise<unknown[]>;
  readonly after?: () => Promise<void> | void;
}

const ROWS = 20_000;
const series = (rows = ROWS) => `from generate_series(1, ${rows}) i`;

/** Counts the committed changes of each row, so that none can happen twice. */
const COUNTED = (table: string) => `
  create table changes (id bigint not null);
  create or replace function count_change() returns trigger language plpgsql as
    'begin insert into changes values (new.id); return null; end';
  create trigger counted after update on ${table} for each row execute function count_change();`;
const TWICE = 'select id from changes group by id having count(*) > 1';

const KEYS = { TOKEN_KEY_1: '11'.repeat(32), TOKEN_KEY_2: '22'.repeat(32) };
const requests = new Map<string, number>();
let crm: Server | undefined;
let archive: TestDatabase | undefined;

/** By the name of the job's file. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  '0001_backfill': {
    tables: `
      create table users (id bigint primary key, email text not null, email_lower text);
      insert into users select i, 'User.' || i || '@B.example' ${series()};
      ${COUNTED('users')}`,
    killAfter: { batches: 1 },
    wrong: ['select from users where email_lower is distinct from lower(email)', TWICE],
  },

  '0002_copy_to_partitioned': {
    tables: `
      create table events (id bigint primary key, created_at timestamptz not null,
        payload jsonb not null, updated_at timestamptz not null);
      create table events_by_month (like events, primary key (id, created_at))
        partition by range (created_at);
      create table events_2026_01 partition of events_by_month
        for values from ('2026-01-01') to ('2026-02-01');
      create table events_rest partition of events_by_month default;
      insert into events select i, timestamptz '2026-01-01' + i * interval '3 minutes',
        jsonb_build_object('n', i), '2026-06-01' ${series()};
      -- The application has written to both already, and is ahead with the first.
      insert into events_by_month select id, created_at, '{"n": "newer"}', '2026-07-01'
        from events where id <= 10;
      insert into events_by_month select id, created_at, '{"n": "older"}', '2026-05-01'
        from events where id between 11 and 20;`,
    killAfter: { batches: 1 },
    wrong: [
      `select from events full join events_by_month using (id, created_at)
         where events.payload is distinct from events_by_month.payload and id > 10`,
      `select from events_by_month where id <= 10 and payload <> '{"n": "newer"}'`,
    ],
  },

  '0003_delete_orphans': {
    tables: `
      create table posts (id bigint primary key);
      create table comments (id bigint primary key, post_id bigint not null);
      insert into posts select i * 2 ${series(1_000)};
      insert into comments select i, i % 2000 + 1 ${series()};`,
    killAfter: { batches: 1 },
    wrong: [
      'select from comments where not exists (select from posts where posts.id = post_id)',
      `select where (select count(*) from comments) <> ${ROWS / 2}`,
    ],
  },

  '0004_dedupe': {
    tables: `
      create table subscribers (id bigint primary key, email text not null);
      insert into subscribers select i, 's' || i % 8000 || '@b.example' ${series()};
      create index on subscribers (email);`,
    killAfter: { batches: 1 },
    wrong: [
      'select email from subscribers group by email having count(*) > 1',
      `select where (select count(*) from subscribers) <> 8000`,
      'select from subscribers where id > 8000',
    ],
  },

  '0005_int_to_bigint': {
    tables: `
      create table orders (id serial primary key, note text not null);
      insert into orders (note) select 'order ' || i ${series()};`,
    killAfter: { batches: 2 },
    wrong: [
      `select where (select count(*) from orders) <> ${ROWS}`,
      `select from orders where note <> 'order ' || id`,
      `select where (select atttypid::regtype::text || attnotnull from pg_attribute
         where attrelid = 'orders'::regclass and attname = 'id') <> 'biginttrue'`,
    ],
    // The sequence goes on, past the end of integer.
    alsoWrong: async (sql) => {
      await sql`select setval('orders_id_seq', 3000000000)`;
      const rows = await sql`insert into orders (note) values ('new') returning id`;
      return rows.filter(({ id }) => id !== '3000000001');
    },
  },

  '0006_split_table': {
    tables: `
      create table accounts (id bigint primary key, email text not null, bio text);
      create table profiles (account_id bigint primary key references accounts, bio text);
      insert into accounts select i, 'a' || i, case when i % 2 = 0 then 'bio ' || i end ${series()};
      insert into profiles values (2, 'newer');`,
    killAfter: { batches: 1 },
    wrong: [
      `select from accounts left join profiles on account_id = id
         where accounts.bio is distinct from profiles.bio and id <> 2`,
      `select from profiles where account_id = 2 and bio <> 'newer'`,
    ],
  },

  '0007_reencrypt': {
    tables: `
      create table tokens (id bigint primary key, key_version integer not null, encrypted text not null);
      ${COUNTED('tokens')}`,
    killAfter: { batches: 1 },
    before: async (sql) => {
      const rows = Array.from({ length: 5_000 }, (_, i) => ({
        id: i,
        key_version: 1,
        // One row that no key opens.
        encrypted: i === 77 ? 'no token' : encrypted(`token ${i}`, KEYS.TOKEN_KEY_1),
      }));
      await sql`insert into tokens ${sql(rows)}`;
      return KEYS;
    },
    wrong: ['select from tokens where (key_version <> 2) <> (id = 77)', TWICE],
    alsoWrong: async (sql) => {
      const rows = await sql<{ id: string; encrypted: string }[]>`
        select id, encrypted from tokens where id <> 77`;
      return rows.filter((row) => decrypted(row.encrypted, KEYS.TOKEN_KEY_2) !== `token ${row.id}`);
    },
  },

  '0008_per_tenant': {
    tables: [
      'create table tenants (id integer primary key, schema text not null);',
      ...[1, 2, 3, 4].map((id) => {
        const orders = `tenant_${id}.orders`;
        return `
          create schema tenant_${id};
          insert into tenants values (${id}, 'tenant_${id}');
          create table ${orders} (id bigint primary key, price integer not null,
            amount integer not null, total integer, changes integer not null default 0);
          insert into ${orders} select i, i, 2 ${series(3_000)};
          create or replace function count_here() returns trigger language plpgsql as
            'begin new.changes = old.changes + 1; return new; end';
          create trigger counted before update on ${orders}
            for each row execute function count_here();`;
      }),
    ].join('\n'),
    // The first tenant has four batches: the kill comes in the second one.
    killAfter: { batches: 6 },
    wrong: [1, 2, 3, 4].map(
      (id) =>
        `select from tenant_${id}.orders where total is distinct from price * 2 or changes <> 1`,
    ),
  },

  '0009_to_another_database': {
    tables: `
      create table messages (id bigint primary key, sent_at timestamptz not null, body text not null);
      insert into messages select i, timestamptz '2025-12-01' + i * interval '3 minutes',
        'body ' || i ${series()};`,
    killAfter: { batches: 2 },
    databases: async () => {
      archive = await openDatabase({ empty: true });
      await archive.sql`
        create table messages (id bigint primary key, sent_at timestamptz not null, body text not null)`;
      return { archive: archive.databaseUrl };
    },
    wrong: [],
    alsoWrong: async (sql) => {
      const find = (from: Sql) =>
        from<{ all: string }[]>`
          select string_agg(concat_ws(' ', id, sent_at, body), ',' order by id) as all
          from messages where sent_at < '2026-01-01'`;
      const [[old], [copied]] = [await find(sql), await find(archive?.sql ?? sql)];
      return old?.all === copied?.all ? [] : ['the archive differs'];
    },
    after: () => closeDatabase(archive ?? {}),
  },

  '0010_to_a_service': {
    tables: `
      create table customers (id bigint primary key, email text not null);
      insert into customers select i, 'c' || i || '@b.example' ${series(1_500)};`,
    killAfter: { batches: 3 },
    before: async () => {
      requests.clear();
      crm = createServer((request, response) => {
        const id = request.url?.split('/').at(-1) ?? '';
        requests.set(id, (requests.get(id) ?? 0) + 1);
        request.resume().on('end', () => response.end());
      });
      await new Promise<void>((resolve) => crm?.listen(0, '127.0.0.1', resolve));
      return { CRM_URL: `http://127.0.0.1:${(crm.address() as AddressInfo).port}` };
    },
    wrong: [],
    // At least once, and only the last customers before the kill twice.
    alsoWrong: async () => [
      ...Array.from({ length: 1_500 }, (_, i) => String(i + 1)).filter((id) => !requests.has(id)),
      ...[...requests].filter(([, times]) => times > 2),
      ...([...requests].filter(([, times]) => times === 2).length > 300 ? ['too many twice'] : []),
    ],
    after: () => {
      crm?.closeAllConnections();
      crm?.close();
    },
  },

  '0012_ddl_between': {
    tables: `
      create table customers (id bigint primary key, currency text not null);
      create table invoices (id bigint primary key, customer_id bigint not null);
      insert into customers select i, (array['EUR', 'USD', 'JPY'])[i % 3 + 1] ${series(500)};
      insert into invoices select i, i % 500 + 1 ${series()};`,
    killAfter: { batches: 2 },
    wrong: [
      `select from invoices join customers on customers.id = customer_id
         where invoices.currency is distinct from customers.currency`,
      `select where not (select attnotnull from pg_attribute
         where attrelid = 'invoices'::regclass and attname = 'currency')`,
      `select where not (select indisvalid from pg_index
         where indexrelid = 'invoices_currency'::regclass)`,
      `select from pg_constraint where conname = 'currency_there'`,
    ],
  },

  '0011_cpu_heavy': {
    tables: `
      create table members (id bigint primary key, pin text not null, pin_hash text);
      insert into members select i, 'pin ' || i ${series(150)};
      ${COUNTED('members')}`,
    killAfter: { batches: 1 },
    wrong: ['select from members where pin_hash is null', TWICE],
    alsoWrong: async (sql) => {
      const rows = await sql<{ pin: string; pin_hash: string }[]>`
        select pin, pin_hash from members where id % 30 = 0`;
      return rows.filter(({ pin, pin_hash }) => {
        const [salt = '', hash] = pin_hash.split(':');
        return scryptSync(pin, Buffer.from(salt, 'base64'), 32).toString('base64') !== hash;
      });
    },
  },
};

const IV = Buffer.alloc(12, 7);

function encrypted(text: string, key: string): string {
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), IV);
  const body = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([IV, cipher.getAuthTag(), body]).toString('base64');
}

function decrypted(text: string, key: string): string {
  const all = Buffer.from(text, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), all.subarray(0, 12));
  decipher.setAuthTag(all.subarray(12, 28));
  return Buffer.concat([decipher.update(all.subarray(28)), decipher.final()]).toString();
}
