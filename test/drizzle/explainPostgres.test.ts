import { describe, expect, test } from '@jest/globals';
import { condition } from '../../drizzle/conditions';
import { explainPostgres } from '../../drizzle/explainPostgres';

test.each([
  ['55P03', 'lock timeout'],
  // Not listed itself: the text of its class.
  ['55006', 'object not in the required state'],
  ['P0001', 'raised by a function or DO block'],
  ['99999', 'a database error'],
  ['', 'a database error'],
])('condition(%p) is %p', (code, text) => {
  expect(condition(code)).toBe(text);
});

/** An error with the fields that the driver gives its own errors and the server's. */
const failure = (name: string, fields: Readonly<Record<string, unknown>>) =>
  Object.assign(new Error('row (1, secret)'), { name }, fields);
const fromServer = (fields: Readonly<Record<string, unknown>>) => failure('PostgresError', fields);

describe('explainPostgres', () => {
  test.each([
    [
      { code: '28P01' },
      'Postgres: wrong password or user name (SQLSTATE 28P01): check DATABASE_URL, or PGPASSWORD and the password file if it has none',
    ],
    [
      { code: '42P01', message: 'relation "t" does not exist' },
      'Postgres: no such table (relation "t" does not exist): run npx lrm migrate',
    ],
    [
      { code: '23505', table_name: 't', constraint_name: 't_pkey' },
      'Postgres: unique violation (SQLSTATE 23505, t, t_pkey)',
    ],
    [
      { code: '22P02' },
      'Postgres: text that cannot be converted to the type (SQLSTATE 22P02): ' +
        'this version knows a value that the database lacks; run npx lrm migrate',
    ],
  ])(
    'gives the condition, its objects and some advice, and no value of a row: %j',
    (fields, line) => {
      expect(explainPostgres(fromServer(fields))).toBe(line);
    },
  );

  test.each([
    [
      { code: 'ECONNREFUSED', address: '10.0.0.1', port: 5432 },
      'nothing answers for Postgres at 10.0.0.1:5432 (DATABASE_URL)',
    ],
    [
      { code: 'CONNECT_TIMEOUT', address: ['a', 'b'], port: [1, 2] },
      "Postgres at a,b:1,2 doesn't answer (DATABASE_URL)",
    ],
    [
      { code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' },
      'Postgres does not know the issuer of the client certificate: check sslcert and sslkey (DATABASE_URL)',
    ],
    [{ code: 'CONNECTION_CLOSED' }, 'Postgres closed the connection; try again'],
  ])("explains the driver's error %j", (fields, line) => {
    expect(explainPostgres(failure('Error', fields))).toBe(line);
  });

  test('finds the error that Drizzle has wrapped', () => {
    const wrapped = new Error('Failed query', { cause: fromServer({ code: '53300' }) });
    expect(explainPostgres(wrapped)).toBe(
      'Postgres: too many connections (SQLSTATE 53300): try again',
    );
  });

  test.each([
    new Error('no code'),
    failure('Error', { code: 'ENOENT' }),
    failure('Error', { code: 5 }),
    'text',
    undefined,
  ])('does not explain %p', (error) => {
    expect(explainPostgres(error)).toBeUndefined();
  });
});
