import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { drizzle } from 'drizzle-orm/postgres-js';
import { decide } from '../../../activities/attempt/retryOrFail';
import { JobUsageError } from '../../../jobs/context/jobUsageError';
import { describeError } from '../../../jobs/process/describeError';
import { EMAIL, outcomeOf, useProvocations } from './provocations';

const db = useProvocations();
const people = pgTable('people', { email: text('email').primaryKey() });

describe("retry or fail: an error that a retry can't fix fails at once", () => {
  test.each([
    [
      'a unique violation',
      () => db.sql`insert into people (email) values (${EMAIL})`,
      'unique violation (SQLSTATE 23505) on constraint people_pkey of table public.people',
    ],
    [
      'a check violation',
      () => db.sql`update people set age = -1`,
      'check violation (SQLSTATE 23514) on constraint people_age_check of table public.people',
    ],
    [
      'a NOT NULL violation',
      () => db.sql`update people set boss = null`,
      'NOT NULL violation (SQLSTATE 23502) on column boss of table public.people',
    ],
    [
      'text that is not a number',
      () => db.sql`select email::int from people`,
      'text that cannot be converted to the type (SQLSTATE 22P02)',
    ],
    [
      'a missing table',
      () => db.sql`select * from nowhere`,
      'no such table: nowhere (SQLSTATE 42P01)',
    ],
    [
      'a missing column',
      () => db.sql`select nme from people`,
      'no such column: nme (SQLSTATE 42703)',
    ],
    [
      "a table's missing column",
      () => db.sql`select p.nme from people p`,
      'no such column: p.nme (SQLSTATE 42703)',
    ],
    [
      'a missing column in an UPDATE',
      () => db.sql`update people set nme = 1`,
      'no such column: nme, people (SQLSTATE 42703)',
    ],
    [
      'a missing column in DDL',
      () => db.sql`alter table people drop column nme`,
      'no such column: nme, people (SQLSTATE 42703)',
    ],
    [
      'a missing function',
      () => db.sql`select lowr(email) from people`,
      'no such function or operator: lowr(text) (SQLSTATE 42883)',
    ],
    [
      'a missing operator',
      () => db.sql`select email + 1 from people`,
      'no such function or operator: text + integer (SQLSTATE 42883)',
    ],
    ['a missing type', () => db.sql`select ''::txt`, 'no such type or other object: txt (SQLSTATE'],
    ['a missing schema', () => db.sql`create table no.t ()`, 'no such schema: no (SQLSTATE 3F000)'],
    [
      'a missing privilege',
      () =>
        db.sql.begin(async (tx) => {
          await tx`set local role pg_monitor`;
          await tx`select * from people`;
        }),
      'missing privilege: people (SQLSTATE 42501)',
    ],
    [
      "a row's text that is used as the name of a table",
      () => db.sql`select split_part(email, '@', 1)::regclass from people`,
      'no such table (SQLSTATE 42P01)',
    ],
    [
      'a value in double quotes',
      () => db.sql.unsafe(`select * from people where email = "${EMAIL}"`),
      'no such column (SQLSTATE 42703)',
    ],
    [
      'a text of the author with an SQLSTATE of Postgres',
      () =>
        db.sql.unsafe(
          `do $$ begin raise exception 'no "alice"' using errcode = 'undefined_column'; end $$`,
        ),
      'no such column (SQLSTATE 42703)',
    ],
    ['wrong SQL', () => db.sql`selec 1`, 'wrong SQL (SQLSTATE 42601)'],
  ])('%s', async (_, provoke, text) => {
    const outcome = await outcomeOf(provoke);
    expect(outcome.verdict).toBe('fail');
    expect(outcome.text.startsWith(text)).toBe(true);
    expect(JSON.stringify(outcome)).not.toContain('alice');
  });

  test('a Drizzle query: neither its text nor its parameters are shown', async () => {
    const orm = drizzle(db.client());
    const outcome = await outcomeOf(() => orm.insert(people).values({ email: EMAIL }));

    expect(outcome.verdict).toBe('fail');
    expect(outcome.text).toContain('on constraint people_pkey');
    expect(JSON.stringify(outcome)).not.toContain('alice');
    expect(JSON.stringify(outcome)).not.toContain('insert into');
  });

  test('JSON.parse: its message quotes the input, so only class and place are shown', async () => {
    const outcome = await outcomeOf(() => JSON.parse(EMAIL));

    expect(outcome.verdict).toBe('fail');
    expect(outcome.text).toMatch(/^SyntaxError at finalErrors\.test\.ts:\d+:\d+$/);
    expect(JSON.stringify(outcome)).not.toContain('alice');
  });

  test("`'x' in value` and Node's argument checks quote values, so only class and place are shown", async () => {
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

  test.each([
    ['ApplicationFailure.nonRetryable', ApplicationFailure.nonRetryable('no such region')],
    ['a walk that is refused', new JobUsageError('no unique index')],
    ['a ReferenceError', new ReferenceError('x')],
  ])('%s', async (_, error) => {
    expect((await outcomeOf(() => Promise.reject(error))).verdict).toBe('fail');
  });

  test('a job that cannot be loaded, whatever it threw', () => {
    expect(decide('load', describeError({ code: 'ECONNREFUSED' }))).toBe('fail');
  });
});
