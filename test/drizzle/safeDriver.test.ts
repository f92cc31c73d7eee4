import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect, type Sql } from '../../drizzle/connect';
import { requireSafeDriver, UnsafeDriver } from '../../drizzle/safeDriver';
import { projectFolder } from '../../settings/projectFolder';
import { useDatabase } from '../support/database';

const database = useDatabase({ empty: true });
let folder: string;
let published: (url: string, options?: object) => Sql;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lrm-test-'));
  cpSync(
    path.join(projectFolder, 'node_modules/postgres'),
    path.join(folder, 'node_modules/postgres'),
    {
      recursive: true,
    },
  );
  const patch = path.join(projectFolder, 'patches/postgres+3.4.9.patch');
  const { status, stderr } = spawnSync('patch', ['-R', '-p1', '-s', '-i', patch], { cwd: folder });
  if (status !== 0) throw new Error(`the patch can't be taken back: ${stderr}`);
  published = require(path.join(folder, 'node_modules/postgres/cjs/src/index.js'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the driver that comes with the package passes', async () => {
  const sql = connect(database.databaseUrl, { max: 1, applicationName: 'lrm worker' });
  await expect(requireSafeDriver(sql)).resolves.toBeUndefined();
  await sql.end({ timeout: 1 });
});

test('postgres.js as published is refused', async () => {
  const sql = published(database.databaseUrl, { max: 1, onnotice: () => {} });
  try {
    await expect(requireSafeDriver(sql)).rejects.toThrow(UnsafeDriver);
  } finally {
    await sql.end({ timeout: 1 });
  }
});

test('a database that does not answer is no unsafe driver', async () => {
  const url = new URL(database.databaseUrl);
  url.port = '1';
  const sql = published(url.href, { max: 1 });
  try {
    await expect(requireSafeDriver(sql)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  } finally {
    await sql.end({ timeout: 1 });
  }
});
