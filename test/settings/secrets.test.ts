import { expect, test } from '@jest/globals';
import { redactor } from '../../settings/redact';
import { jobEnvironment, jobEnvProblem, secretsIn } from '../../settings/secrets';
import { readSettings } from '../../settings/settings';

const ENV = {
  DATABASE_URL: 'postgres://app:p%40ssw0rd@db/app',
  LRM_JOB_DATABASE_URL: 'postgres://jobs:jobs@db/app',
  LRM_DATABASE_ARCHIVE_URL: 'postgres://app@db2/archive',
  LRM_PAYLOAD_KEY: '2026b:a2V5LWI=,2026a:a2V5LWE=',
  PGPASSWORD: 'other-password',
  TEMPORAL_API_KEY: 'api-key',
  TEMPORAL_CONFIG_FILE: '/etc/temporal.toml',
  TEMPORAL_GRPC_META_AUTHORIZATION: 'Bearer token',
  TEMPORAL_TLS_CLIENT_KEY_DATA: '-----BEGIN KEY-----\nabcd\n-----END KEY-----\n',
  TEMPORAL_TLS_CLIENT_KEY_PATH: '/etc/key.pem',
};
const HARMLESS = {
  PATH: '/bin',
  PGHOST: 'db',
  PGPASSFILE: '/root/.pgpass',
  STRIPE_API_KEY: 'sk_live',
  TEMPORAL_ADDRESS: 'temporal:7233',
  LRM_JOBS_DIR: '/jobs',
};

test('a job process gets the environment without the secrets of the worker', () => {
  expect(jobEnvironment({ ...ENV, ...HARMLESS })).toEqual(HARMLESS);
});

test('LRM_JOB_ENV allows secrets by their names', () => {
  const allowed = { LRM_JOB_ENV: ' DATABASE_URL, TEMPORAL_API_KEY,' };
  expect(Object.keys(jobEnvironment({ ...ENV, ...allowed })).sort()).toEqual([
    'DATABASE_URL',
    'LRM_JOB_ENV',
    'TEMPORAL_API_KEY',
  ]);
  expect(() => readSettings({ LRM_JOB_ENV: 'A B' })).toThrow('LRM_JOB_ENV: is not a list of names');
  expect(jobEnvProblem('')).toBeUndefined();
  expect(jobEnvProblem('DATABASE_URL;PATH')).toMatch('write them with commas');
});

test('the values of the secrets are replaced, also the password of a URL by itself', () => {
  const redact = redactor(secretsIn(ENV));
  expect(redact('connect to postgres://app:p%40ssw0rd@db/app')).toBe('connect to ***');
  expect(redact('p%40ssw0rd p@ssw0rd other-password api-key a2V5LWI= a2V5LWE=')).toBe(
    '*** *** *** *** *** ***',
  );
  // As parseUrl() takes it.
  expect(redactor(secretsIn({ DATABASE_URL: 'postgres://app:pa#ss@db/app' }))('pa#ss')).toBe('***');
  expect(redact('Bearer token, -----BEGIN KEY----- abcd -----END KEY-----.')).toBe('***, ***.');
  // As `console.log` makes it: a line of the log for each.
  expect(redact('the key: abcd')).toBe('the key: ***');
});

test('what is no secret stays: paths, names of users, harmless variables', () => {
  const redact = redactor(secretsIn({ ...ENV, ...HARMLESS }));
  for (const text of [
    '/etc/temporal.toml /etc/key.pem',
    'role jobs',
    'http://localhost:8080',
    'http://localhost:8080/x, then y@z',
    'postgres://app@db/app',
    'sk_live',
    'a:b at 10:30',
  ]) {
    expect(redact(text)).toBe(text);
  }
});

test('passwords in URLs of others are replaced', () => {
  const redact = redactor([]);
  expect(redact('amqp://me:12345@mq/, redis://:pw@cache?db=1')).toBe(
    'amqp://me:***@mq/, redis://:***@cache?db=1',
  );
  expect(redact('postgres://db/app?user=a&password=hunter2&x=1')).toBe(
    'postgres://db/app?user=a&password=***&x=1',
  );
  expect(redact('postgres://me:p@ss@db/app')).toBe('postgres://me:***@db/app');
});

test('a secret that was cut at the end of a text is replaced, too', () => {
  const redact = redactor(['hunter22hunter22']);
  expect(redact('the password is hunter22hun…')).toBe('the password is ***…');
  expect(redact(`${'x'.repeat(990)} hunter22hu`)).toBe(`${'x'.repeat(990)} ***`);
  expect(redact('postgres://me:abcde…')).toBe('postgres://me:***…');
  // Not cut.
  expect(redact('a hunter')).toBe('a hunter');
});
