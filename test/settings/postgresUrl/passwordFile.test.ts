import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { passwordFromFile } from '../../../settings/postgresUrl/passwordFile';
import { readTarget } from '../../../settings/postgresUrl/target';

const folder = mkdtempSync(path.join(tmpdir(), 'lrm-pgpass-'));
const file = path.join(folder, 'passwords');
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(
  file,
  [
    '#db:5432:app:u:comment',
    'short:line',
    'db:5432:app:u:a\\:b\\\\',
    '::1:*:*:*:no',
    '\\:\\:1:*:*:*:six',
    'localhost:*:*:*:socket',
    '*:7:*:v:seven',
  ].join('\n'),
  { mode: 0o600 },
);

test.each([
  ['postgres://u@db/app', 'a:b\\'],
  ['postgres://u@db/other', undefined],
  ['postgres://w@[::1]/d', 'six'],
  ['postgres://v@any:7/d', 'seven'],
  ['postgres://v@%2Ftmp/d', 'socket'],
  ['postgres://v@%2Felsewhere/d', undefined],
])('the password for %s is %p', (url, password) => {
  const target = readTarget(url, 'DATABASE_URL', { PGPASSFILE: file });
  const [host] = target.hosts;
  const found = host && passwordFromFile(target, host);
  expect(found && 'password' in found ? found.password : undefined).toBe(password);
});

test('without the file, the line says where a password could be', () => {
  const target = readTarget('postgres://u@db', 'LRM_DATABASE_ARCHIVE_URL', { PGPASSFILE: '/no' });
  expect(passwordFromFile(target, { name: 'db', port: 5432 })).toEqual({
    problem: 'neither LRM_DATABASE_ARCHIVE_URL nor PGPASSWORD has one, and there is no file /no',
  });
});
