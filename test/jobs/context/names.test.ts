import { expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { integer, pgSchema, pgTable } from 'drizzle-orm/pg-core';
import { columnName, rendered, tableText } from '../../../jobs/context/names';

const people = pgTable('people', { id: integer('person_id') });

test('tableText writes tables as SQL does', () => {
  expect(tableText(people)).toBe('"people"');
  expect(tableText(pgSchema('shop').table('Orders', {}))).toBe('"shop"."Orders"');
  expect(tableText(sql`public.people`)).toBe('public.people');
});

test.each([
  [people.id, 'person_id'],
  [sql`id`, 'id'],
  [sql`PersonId`, 'personid'],
  [sql`"PersonId"`, 'PersonId'],
  [sql`people . "odd "" name" `, 'odd " name'],
  [sql`${sql.identifier('PersonId')}`, 'PersonId'],
  [sql`größe`, 'größe'],
])('columnName reads a column as Postgres does (%#)', (column, name) => {
  expect(columnName(people, column)).toBe(name);
});

test.each([[sql`lower(name)`], [sql`id desc`.append(sql` -`)], [sql`${1}`]])(
  'columnName refuses an expression (%#)',
  (column) => {
    expect(() => columnName(people, column)).toThrow(
      expect.objectContaining({ name: 'JobUsageError' }),
    );
  },
);

test('rendered gives different texts for values that JSON would write alike', () => {
  const conditions = [1, Number.NaN, Number.POSITIVE_INFINITY, 9007199254740993n].map((value) =>
    rendered(sql`id > ${value}`),
  );
  expect(new Set(conditions).size).toBe(conditions.length);
  expect(rendered(sql`id > ${1}`)).toBe(conditions[0]);
});
