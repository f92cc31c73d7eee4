import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/postgres-js';
import { errorText } from '../../activities/attempt/errorText';
import { decide } from '../../activities/attempt/retryOrFail';
import { connect, type Sql } from '../../drizzle/connect';
import { Superseded } from '../../drizzle/rows/superseded';
import { JobUsageError } from '../../jobs/context/jobUsageError';
import { describeCrash } from '../../jobs/process/crash';
import { describeError } from '../../jobs/process/describeError';
import { objectsOf } from '../../jobs/process/objects';
import { projectFolder } from '../../settings/projectFolder';
import { useDatabase } from '../support/database';
import { startPostgres } from '../support/postgres';
import { waitFor } from '../support/waitFor';

const database = useDatabase();
const EMAIL = 'alice@example.org';
const people = pgTable('people', { email: text('email').primaryKey() });
let sql: Sql;
const clients: Sql[] = [];

beforeAll(async () => {
  sql = client();
  await sql`create table people (email text primary key, age int check (age > 0), boss text not null default '')`;
  await sql`insert into people (email) values (${EMAIL})`;
  await sql`create table pair (id int primary key, n int not null default 0)`;
  await sql`insert into pair (id) values (1), (2)`;
});

afterAll(() => Promise.all(clients.map((each) => each.end({ timeout: 1 }))));

function client(url = database.databaseUrl): Sql {
  const opened = connect(url, { applicationName: 'provocation' });
  clients.push(opened);
  return opened;
}

async function thrownBy(provoke: () => unknown): Promise<unknown> {
  try {
    await provoke();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('nothing was thrown');
}

/** What becomes of it, and what an operator reads. */
async function outcomeOf(provoke: () => unknown) {
  const error = describeError(await thrownBy(provoke));
  return { verdict: decide('run', error), text: errorText('run', error), error };
}

/** Two transactions that touch both rows the other way round. */
async function deadlock(): Promise<void> {
  const lock = (first: number, second: number) =>
    client().begin(async (tx) => {
      await tx`update pair set n = n + 1 where id = ${first}`;
      locked++;
      await waitFor('both to hold a row', () => locked === 2);
      await tx`update pair set n = n + 1 where id = ${second}`;
    });
  let locked = 0;
  const ended = await Promise.allSettled([lock(1, 2), lock(2, 1)]);
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}

async function serializationFailure(): Promise<void> {
  await client().begin('isolation level repeatable read', async (tx) => {
    await tx`select * from pair`;
    await sql`update pair set n = n + 1 where id = 1`;
    await tx`update pair set n = n + 1 where id = 1`;
  });
}

async function lockTimeout(): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`lock table pair`;
    await client().begin(async (other) => {
      await other`set local lock_timeout = '50ms'`;
      await other`select * from pair`;
    });
  });
}

async function sessionEnded(): Promise<void> {
  const victim = client();
  const [row] = await victim`select pg_backend_pid() as pid`;
  const sleeping = victim`select pg_sleep(60)`;
  sleeping.catch(() => {});
  await sql`select pg_terminate_backend(${row?.['pid']})`;
  await sleeping;
}

async function serverRestart(): Promise<void> {
  const server = await startPostgres();
  const sleeping = client(server.url)`select pg_sleep(60)`;
  sleeping.catch(() => {});
  const observer = client(server.url);
  await waitFor('the statement to run', async () => {
    return (
      await observer`select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()`
    ).length;
  });
  await server.restartImmediate();
  try {
    await sleeping;
  } finally {
    await server.stop();
  }
}

describe('retry or fail: transient trouble is retried', () => {
  test.each([
    ['a deadlock', deadlock, /deadlock \(SQLSTATE 40P01\)/],
    ['a serialization failure', serializationFailure, /serialization failure/],
    ['a lock timeout', lockTimeout, /lock timeout \(SQLSTATE 55P03\)/],
    [
      'a statement timeout',
      () =>
        client().begin(async (tx) => {
          await tx`set local statement_timeout = '20ms'`;
          await tx`select pg_sleep(10)`;
        }),
      /timeout or was cancelled/,
    ],
    ['a session ended by an administrator', sessionEnded, /57P01|CONNECTION_CLOSED/],
    ['a crash of the server', serverRestart, /57P02|CONNECTION_CLOSED|ECONNRESET/],
    [
      'a server that is not there',
      () => client('postgres://x@127.0.0.1:1/x')`select 1`,
      /ECONNREFUSED/,
    ],
    [
      'a service that is not there',
      () => fetch('http://127.0.0.1:2/'),
      /^TypeError.*; caused by Error \(ECONNREFUSED\)/,
    ],
  ])('%s', async (_, provoke, text) => {
    const outcome = await outcomeOf(provoke);
    expect(outcome.text).toMatch(text);
    expect(outcome.verdict).toBe('retry');
  });
});

test('retry or fail: no process for the job, for want of open files, is transient', async () => {
  const script = `
    const { JobProcess } = require('./dist/jobs/process/jobProcess.js');
    const { closeSync, openSync } = require('node:fs');
    const open = [];
    try { for (;;) open.push(openSync('/dev/null')); } catch {}
    const jobProcess = new JobProcess(64);
    open.forEach((file) => closeSync(file));
    jobProcess.ended.then((end) => console.log(JSON.stringify(end)));
    setTimeout(() => {}, 10_000).unref();`;
  const { stdout } = spawnSync(
    'bash',
    ['-c', 'ulimit -n 64; exec "$0" -e "$1"', process.execPath, script],
    {
      cwd: projectFolder,
      encoding: 'utf8',
    },
  );
  const error = describeCrash(JSON.parse(stdout));
  expect(error).toMatchObject({ code: 'EMFILE' });
  expect(decide('run', error)).toBe('retry');
});

describe('retry or fail: what no attempt could mend fails at once', () => {
  test.each([
    [
      'a unique violation',
      () => sql`insert into people (email) values (${EMAIL})`,
      'unique violation (SQLSTATE 23505) on constraint people_pkey of table public.people',
    ],
    [
      'a check violation',
      () => sql`update people set age = -1`,
      'check violation (SQLSTATE 23514) on constraint people_age_check of table public.people',
    ],
    [
      'a NOT NULL violation',
      () => sql`update people set boss = null`,
      'NOT NULL violation (SQLSTATE 23502) on column boss of table public.people',
    ],
    [
      'text that is no number',
      () => sql`select email::int from people`,
      'text that cannot be converted to the type (SQLSTATE 22P02)',
    ],
    [
      'a missing table',
      () => sql`select * from nowhere`,
      'no such table: nowhere (SQLSTATE 42P01)',
    ],
    ['a missing column', () => sql`select nme from people`, 'no such column: nme (SQLSTATE 42703)'],
    [
      "a table's missing column",
      () => sql`select p.nme from people p`,
      'no such column: p.nme (SQLSTATE 42703)',
    ],
    [
      'a missing column to be written to',
      () => sql`update people set nme = 1`,
      'no such column: nme, people (SQLSTATE 42703)',
    ],
    [
      'a column that DDL misses',
      () => sql`alter table people drop column nme`,
      'no such column: nme, people (SQLSTATE 42703)',
    ],
    [
      'a missing function',
      () => sql`select lowr(email) from people`,
      'no such function or operator: lowr(text) (SQLSTATE 42883)',
    ],
    [
      'a missing operator',
      () => sql`select email + 1 from people`,
      'no such function or operator: text + integer (SQLSTATE 42883)',
    ],
    ['a missing type', () => sql`select ''::txt`, 'no such type or other object: txt (SQLSTATE'],
    ['a missing schema', () => sql`create table no.t ()`, 'no such schema: no (SQLSTATE 3F000)'],
    [
      'a missing privilege',
      () =>
        sql.begin(async (tx) => {
          await tx`set local role pg_monitor`;
          await tx`select * from people`;
        }),
      'missing privilege: people (SQLSTATE 42501)',
    ],
    [
      "a row's text that is taken for a table's name",
      () => sql`select split_part(email, '@', 1)::regclass from people`,
      'no such table (SQLSTATE 42P01)',
    ],
    [
      'a value in double quotes',
      () => sql.unsafe(`select * from people where email = "${EMAIL}"`),
      'no such column (SQLSTATE 42703)',
    ],
    [
      'a text of their own under a code of Postgres’s',
      () =>
        sql.unsafe(
          `do $$ begin raise exception 'no "alice"' using errcode = 'undefined_column'; end $$`,
        ),
      'no such column (SQLSTATE 42703)',
    ],
    ['wrong SQL', () => sql`selec 1`, 'wrong SQL (SQLSTATE 42601)'],
  ])('%s', async (_, provoke, text) => {
    const outcome = await outcomeOf(provoke);
    expect(outcome.verdict).toBe('fail');
    expect(outcome.text.startsWith(text)).toBe(true);
    expect(JSON.stringify(outcome)).not.toContain('alice');
  });

  test('a Drizzle query: neither its text nor its parameters pass', async () => {
    const db = drizzle(client());
    const outcome = await outcomeOf(() => db.insert(people).values({ email: EMAIL }));

    expect(outcome.verdict).toBe('fail');
    expect(outcome.text).toContain('on constraint people_pkey');
    expect(JSON.stringify(outcome)).not.toContain('alice');
    expect(JSON.stringify(outcome)).not.toContain('insert into');
  });

  test('JSON.parse: its message quotes the input, so only class and place pass', async () => {
    const outcome = await outcomeOf(() => JSON.parse(EMAIL));

    expect(outcome.verdict).toBe('fail');
    expect(outcome.text).toMatch(/^SyntaxError at retryOrFail\.test\.ts:\d+:\d+$/);
    expect(JSON.stringify(outcome)).not.toContain('alice');
  });

  test("`'x' in value` and Node's argument checks quote values: class and place only", async () => {
    for (const provoke of [
      () => 'x' in (EMAIL as unknown as object),
      () => Buffer.alloc(EMAIL as unknown as number),
      () => structuredClone(Symbol(EMAIL)),
      () => (undefined as unknown as Record<string, { n: number }>)[EMAIL]?.n,
    ]) {
      const outcome = await outcomeOf(provoke);
      expect(['fail', 'unknown']).toContain(outcome.verdict);
      expect(JSON.stringify(outcome)).not.toContain('alice');
    }
  });

  test('names are told in the server’s own language, too', async () => {
    const languages = [
      ['42703', 'la colonne p.nme n’existe pas', 'p.nme'],
      ['42703', 'Spalte »nme« existiert nicht', undefined],
      ['42P01', 'la relación "nowhere" no existe', 'nowhere'],
      ['42883', 'la fonction lowr(text) n’existe pas', 'lowr(text)'],
      ['42883', 'Operator existiert nicht: text + integer', 'text + integer'],
      ['42501', 'droit refusé pour la table people', 'people'],
    ] as const;
    for (const [code, message, names] of languages) {
      const fields = { code, message, position: '8', query: undefined, routine: undefined };
      expect(objectsOf(fields)).toBe(names);
    }
  });

  test.each([
    ['ApplicationFailure.nonRetryable', ApplicationFailure.nonRetryable('no such region')],
    ['a walk that is refused', new JobUsageError('no unique index')],
    ['a ReferenceError', new ReferenceError('x')],
  ])('%s', async (_, error) => {
    expect((await outcomeOf(() => Promise.reject(error))).verdict).toBe('fail');
  });

  test('a job that can not be loaded, whatever it threw', () => {
    expect(decide('load', describeError({ code: 'ECONNREFUSED' }))).toBe('fail');
  });
});

test.each([
  [
    () => load("Promise.resolve().then(() => require('no-such-package'))"),
    /^Error: Cannot find module 'no-such-package'.*\(MODULE_NOT_FOUND\)/,
  ],
  [
    () => load("import('no-such-package')"),
    /^Error: Cannot find package 'no-such-package'.*\(ERR_MODULE_NOT_FOUND\)/,
  ],
  [
    () => load("import('file:///no/such.mjs')"),
    /^Error: Cannot find module '\/no\/such\.mjs'.*\(ERR_MODULE_NOT_FOUND\)/,
  ],
])('a module that can not be found is named (%#)', async (provoke, text) => {
  const { text: said } = await outcomeOf(provoke);
  expect(said).toMatch(text);
  expect(said).not.toContain('\n');
});

/** Node's own import(), which jest's isn't: what it threw, with what it is told by. */
function load(expression: string): never {
  const script = `${expression}.catch(({ message, code }) => console.log(JSON.stringify({ message, code })))`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  const { message, code } = JSON.parse(stdout);
  throw Object.assign(new Error(message), { code });
}

describe('retry or fail: causes are looked at innermost first', () => {
  const refused = () =>
    Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });

  test('a TypeError caused by a refused connection is transient', async () => {
    const outcome = await outcomeOf(() => {
      throw new TypeError('fetch failed', { cause: refused() });
    });
    expect(outcome.verdict).toBe('retry');
  });

  test('an author’s error around a unique violation fails, and says both', async () => {
    const outcome = await outcomeOf(async () => {
      try {
        await sql`insert into people (email) values (${EMAIL})`;
      } catch (cause) {
        throw new Error('could not copy the page', { cause });
      }
    });
    expect(outcome.verdict).toBe('fail');
    expect(outcome.text).toMatch(
      /^Error: could not copy the page at .*; caused by unique violation/,
    );
  });

  test('of an AggregateError the one that can not be mended decides', async () => {
    const both = new AggregateError([refused(), new TypeError('x')], 'all failed');
    expect((await outcomeOf(() => Promise.reject(both))).verdict).toBe('fail');
    const one = new AggregateError([refused(), refused()], 'all failed');
    expect((await outcomeOf(() => Promise.reject(one))).verdict).toBe('retry');
  });

  test('Superseded is told apart, also inside Drizzle’s own error', async () => {
    const wrapped = new Error('Failed query', { cause: new Superseded('0001_x') });
    expect((await outcomeOf(() => Promise.reject(wrapped))).verdict).toBe('superseded');
  });

  test('an author’s own class called Superseded is none of ours', async () => {
    const error = Object.assign(new Error('mine'), { name: 'Superseded' });
    expect((await outcomeOf(() => Promise.reject(error))).verdict).toBe('unknown');
  });

  test('an AggregateError that holds itself ends', async () => {
    const errors: unknown[] = [];
    const error = new AggregateError(errors, 'all');
    error.errors = Array.from({ length: 10 }, () => error);
    expect((await outcomeOf(() => Promise.reject(error))).verdict).toBe('unknown');
  });

  test('a chain that runs in a circle ends', async () => {
    const error = new Error('round');
    error.cause = error;
    expect((await outcomeOf(() => Promise.reject(error))).verdict).toBe('unknown');
  });
});

describe('retry or fail: what is no Error ends in a sensible text', () => {
  const trap = Object.defineProperty(new Error('x'), 'message', {
    get: () => {
      throw new Error('in a getter');
    },
  });
  const proxy = new Proxy(
    {},
    {
      get: () => {
        throw new Error('in a proxy');
      },
      ownKeys: () => {
        throw new Error('in a proxy');
      },
    },
  );

  test.each([
    [undefined, 'undefined was thrown, which is no Error'],
    [null, 'null was thrown, which is no Error'],
    ['out of luck', 'out of luck was thrown, which is no Error'],
    [7, 'number was thrown, which is no Error'],
    [{ email: EMAIL, id: 1 }, 'an object with email, id was thrown, which is no Error'],
    [trap, /^Error( at .*)?$/],
    [proxy, 'object was thrown, which is no Error'],
    [new Error(`${'x'.repeat(5000)}`), /^Error: x{900,}… at/],
    [new Error('a\0b'), /^Error: ab at/],
  ])('%#', async (thrown, text) => {
    const error = describeError(thrown);
    expect(decide('run', error)).toBe('unknown');
    const said = errorText('run', error);
    if (typeof text === 'string') expect(said).toBe(text);
    else expect(said).toMatch(text);
    expect(said).not.toContain('alice');
  });
});
