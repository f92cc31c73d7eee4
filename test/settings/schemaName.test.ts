import { expect, test } from '@jest/globals';
import { schemaName } from '../../settings/schemaName';

test('LRM_SCHEMA is long_running_migrations when it is not set, or empty', () => {
  expect(schemaName({})).toBe('long_running_migrations');
  expect(schemaName({ LRM_SCHEMA: '' })).toBe('long_running_migrations');
});

test.each(['a', '_b2', 'billing_migrations', 'x'.repeat(39)])('LRM_SCHEMA may be %s', (name) => {
  expect(schemaName({ LRM_SCHEMA: name })).toBe(name);
});

test.each([
  ['public', "is the application's own schema"],
  ['pg_mine', 'begins with pg_'],
  ['Billing', 'is not a name of a-z, 0-9 and _'],
  ['a"; drop table users; --', 'is not a name of a-z, 0-9 and _'],
  ['a.b', 'is not a name of a-z, 0-9 and _'],
  ['2nd', 'is not a name of a-z, 0-9 and _'],
  ['a\n', 'is not a name of a-z, 0-9 and _'],
  ['x'.repeat(40), 'is longer than 39 characters'],
])('LRM_SCHEMA may not be %j', (name, why) => {
  expect(() => schemaName({ LRM_SCHEMA: name })).toThrow(
    `wrong settings: LRM_SCHEMA: '${name}' ${why}`,
  );
});
