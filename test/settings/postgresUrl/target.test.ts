import os from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { completeUrl } from '../../../settings/postgresUrl/given';
import { type Host, hostText } from '../../../settings/postgresUrl/hosts';
import { missingFile, readTarget } from '../../../settings/postgresUrl/target';

const read = (url: string, env: NodeJS.ProcessEnv = {}) => readTarget(url, 'DATABASE_URL', env);
const texts = (hosts: readonly Host[]) => hosts.map(hostText);

test.each<[string, NodeJS.ProcessEnv, object]>([
  ['postgres://u:p%40%2F@h:1/d', {}, { user: 'u', password: 'p@/', database: 'd' }],
  ['postgresql://u@h', {}, { user: 'u', password: undefined, database: 'u' }],
  ['postgres://h/d?user=u&password=a+b', {}, { user: 'u', password: 'a+b' }],
  ['postgres://h', { PGUSER: 'e', PGPASSWORD: 's' }, { user: 'e', password: 's', database: 'e' }],
  [
    'postgres://u:p@h/d',
    { PGUSER: 'e', PGPASSWORD: 's', PGDATABASE: 'x' },
    { user: 'u', password: 'p', database: 'd' },
  ],
  ['postgres://h', { PGDATABASE: 'x', PGOPTIONS: '-c a=b' }, { database: 'x', options: '-c a=b' }],
  ['postgres://h?connect_timeout=3', { PGCONNECT_TIMEOUT: '7' }, { connectTimeout: 3 }],
  ['postgres://h', { PGCONNECT_TIMEOUT: '7' }, { connectTimeout: 7 }],
  ['postgres://h', {}, { connectTimeout: 10, keepAlive: 60, attributes: 'any', shuffled: false }],
  ['postgres://h?keepalives=0&load_balance_hosts=random', {}, { keepAlive: 0, shuffled: true }],
  ['postgres://h', { PGTARGETSESSIONATTRS: 'primary' }, { attributes: 'primary' }],
  ['postgres://h', { PGPASSFILE: '/p' }, { passwordFile: '/p' }],
  ['postgres://h', {}, { passwordFile: `${os.homedir()}/.pgpass` }],
])('%s with %j', (url, env, expected) => {
  expect(read(url, env)).toMatchObject(expected);
});

test.each<[string, NodeJS.ProcessEnv, string[]]>([
  ['postgres://a:1,b:2/d', {}, ['a:1', 'b:2']],
  ['postgres://a:1,b/d', {}, ['a:1', 'b:5432']],
  ['postgres://a,b/d', { PGPORT: '7' }, ['a:7', 'b:7']],
  ['postgres://u@[::1]:5,[2001:db8::1]/d', {}, ['[::1]:5', '[2001:db8::1]:5432']],
  ['postgres://%2Fvar%2Frun:7/d', {}, ['/var/run/.s.PGSQL.7']],
  ['postgres:///d?host=/run/a,b&port=1,2', {}, ['/run/a/.s.PGSQL.1', 'b:2']],
  ['postgres://', { PGHOST: 'a,b', PGPORT: '1,2' }, ['a:1', 'b:2']],
  ['postgres://?hostaddr=127.0.0.1&port=1', {}, ['127.0.0.1:1']],
])('the hosts of %s with %j', (url, env, hosts) => {
  expect(texts(read(url, env).hosts)).toEqual(hosts);
});

describe('TLS', () => {
  test.each<[string, NodeJS.ProcessEnv, object]>([
    [
      'postgres://h',
      {},
      { mode: 'prefer', direct: false, rootCert: `${os.homedir()}/.postgresql/root.crt` },
    ],
    ['postgres://h?sslmode=allow', { PGSSLMODE: 'require' }, { mode: 'allow' }],
    [
      'postgres://h',
      { PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/ca' },
      { mode: 'verify-full', rootCert: '/ca' },
    ],
    ['postgres://h', { PGREQUIRESSL: '1' }, { mode: 'require' }],
    ['postgres://h?ssl=true', {}, { mode: 'require' }],
    ['postgres://h?sslrootcert=system', {}, { mode: 'verify-full', rootCert: 'system' }],
    ['postgres://h?sslcert=/c&sslkey=/k', {}, { cert: '/c', key: '/k' }],
    ['postgres://h', { PGSSLCERT: '/c', PGSSLKEY: '/k' }, { cert: '/c', key: '/k' }],
  ])('%s with %j', (url, env, tls) => {
    expect(read(url, env).tls).toMatchObject(tls);
  });

  test('a file that was named has to be there, one of ~/.postgresql need not', () => {
    expect(missingFile(read('postgres://h?sslmode=require'))).toBeUndefined();
    const named = 'postgres://h?sslmode=require&sslrootcert=/no/ca.crt';
    expect(missingFile(read(named))).toBe('there is no file /no/ca.crt (sslrootcert)');
    expect(missingFile(read(named.replace('require', 'disable')))).toBeUndefined();
  });
});

test.each<[string, NodeJS.ProcessEnv, string]>([
  ['mysql://h', {}, 'DATABASE_URL: not a Postgres URL'],
  [
    'postgres://u:100%@h',
    {},
    "DATABASE_URL: can't be read as a URL: special characters in the password must be percent-encoded",
  ],
  ['postgres://u:secret/word@h/d', {}, "DATABASE_URL: can't be read as a URL: a port is no number"],
  ['postgres://h:70000', {}, 'port of DATABASE_URL: not a port from 1 to 65535'],
  ['postgres://h?port=1,2', {}, 'port of DATABASE_URL: has 2 entries for 1 hosts'],
  ['postgres://h?hostaddr=db', {}, 'hostaddr of DATABASE_URL: not an IP address'],
  [
    'postgres://h?sslmod=require',
    {},
    "DATABASE_URL: 'sslmod' is not a connection parameter; did you mean sslmode?",
  ],
  [
    'postgres://h?schema=public',
    {},
    "DATABASE_URL: 'schema' is a parameter of Prisma's, not of Postgres: give lrm a URL without it",
  ],
  [
    'postgres://h?search_path=app',
    {},
    'A setting of the server is written options=-c%20search_path%3D',
  ],
  ['postgres://h?p%C3%A4ss', {}, "DATABASE_URL: after '?', write each as name=value"],
  [
    'postgres://h?sslmode=no-verify',
    {},
    "sslmode of DATABASE_URL: 'no-verify' is not one of disable, allow, prefer",
  ],
  ['postgres://h', { PGSSLMODE: 'verify' }, "PGSSLMODE: 'verify' is not one of disable"],
  [
    'postgres://h?channel_binding=require',
    {},
    'channel_binding of DATABASE_URL: not supported; leave it out, and write sslmode=verify-full',
  ],
  ['postgres://h', { PGREQUIREAUTH: 'scram-sha-256' }, 'PGREQUIREAUTH: not supported'],
  ['postgres://h', { PGSERVICE: 'app' }, 'PGSERVICE: not supported'],
  [
    'postgres://h?sslrootcert=system&sslmode=require',
    {},
    "sslmode of DATABASE_URL: require can't be used with sslrootcert=system",
  ],
  [
    'postgres://h?sslnegotiation=direct',
    {},
    'sslnegotiation of DATABASE_URL: direct needs sslmode=require',
  ],
  [
    'postgres://h',
    { PGCONNECT_TIMEOUT: 'soon' },
    'PGCONNECT_TIMEOUT: not a whole number of seconds',
  ],
  [
    'postgres://h?target_session_attrs=master',
    {},
    "target_session_attrs of DATABASE_URL: 'master' is not one of any",
  ],
])('%s with %j is refused', (url, env, line) => {
  expect(() => read(url, env)).toThrow(line);
  expect(() => read(url, env)).not.toThrow('secret');
});

test('a complete URL means the same without the environment', () => {
  const env = {
    PGHOST: 'a,b',
    PGUSER: 'u',
    PGPASSWORD: 'p&?%/',
    PGSSLMODE: 'require',
    PGPORT: '1,2',
  };
  for (const url of ['postgres://', 'postgres:///d', 'postgres://x@/d?connect_timeout=3']) {
    expect(read(completeUrl(url, 'DATABASE_URL', env))).toEqual(read(url, env));
  }
  expect(completeUrl('postgres://u:p@h/d', 'DATABASE_URL', {})).toBe('postgres://u:p@h/d');
});
