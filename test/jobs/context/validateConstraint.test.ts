import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { useDatabase } from '../../support/database';
import { waitFor } from '../../support/waitFor';
import { type TestAttempt, withAttempt } from './attempts';

const database = useDatabase();

beforeEach(() =>
  database.sql.unsafe(`
    create table owners (id integer primary key);
    create table pets (id integer primary key, owner integer);
    insert into owners values (1);
    insert into pets select i, 1 from generate_series(1, 100) i;
    alter table pets add constraint "pets owner" foreign key (owner) references owners not valid`),
);
afterEach(() => database.sql`drop table pets, owners`);

const validate = ({ job }: TestAttempt) => job.validateConstraint(sql`public.pets`, 'pets owner');
const attempt = <T>(work: (attempt: TestAttempt) => Promise<T>) => withAttempt(database, work);
const isValid = async () => {
  const [row] = await database.sql`
    select convalidated as valid from pg_constraint where conname = 'pets owner'`;
  return row?.['valid'];
};

test('validates a constraint, names it meanwhile, and does nothing when it is valid', async () => {
  for (let i = 0; i < 2; i++) {
    const shown = await attempt(async (own) => {
      await validate(own);
      return own.reports.map(({ step }) => step);
    });
    const label = 'constraint pets owner of public.pets';
    expect(shown).toEqual(i === 0 ? [label, `${label}: validates all rows`, null] : [label, null]);
    expect(await isValid()).toBe(true);
  }
});

test('a row that violates it is an error with its code', async () => {
  await database.sql.unsafe(`
    alter table pets drop constraint "pets owner"; insert into pets values (101, 7);
    alter table pets add constraint "pets owner" foreign key (owner) references owners not valid`);
  await expect(attempt(validate)).rejects.toMatchObject({ code: '23503' });
  expect(await isValid()).toBe(false);
});

test.each([
  ['nothing of that name', 'nope', 'public.pets has no constraint nope: first add it'],
  ['no name', '', 'a constraint needs a name'],
])('refused in one line: %s', async (_, name, message) => {
  const refused = attempt(({ job }) => job.validateConstraint(sql`public.pets`, name));
  await expect(refused).rejects.toMatchObject({
    name: 'JobUsageError',
    message: expect.stringContaining(message),
  });
});

test('gives up its lock after two seconds, and tries again', async () => {
  await attempt(async (own) => {
    let validation: Promise<void> = Promise.resolve();
    await database.sql.begin(async (tx) => {
      await tx`lock table pets in share update exclusive mode`;
      validation = validate(own);
      await waitFor('a lock timeout', async () =>
        own.reports.some(({ step }) => step?.endsWith('waits for its lock')),
      );
    });
    await validation;
  });
  expect(await isValid()).toBe(true);
});

test('a stop cancels the validation', async () => {
  const reason = new Error('time is up');
  await attempt(async (own) => {
    await database.sql.begin(async (tx) => {
      await tx`lock table pets in share update exclusive mode`;
      const validation = validate(own);
      validation.catch(() => {});
      await waitFor('the statement to wait', async () =>
        own.reports.some(({ step }) => step?.includes('waits for session')),
      );
      own.stop(reason);
      await expect(validation).rejects.toBe(reason);
    });
  });
  expect(await isValid()).toBe(false);
});
