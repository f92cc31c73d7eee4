import { spawnSync } from 'node:child_process';
import { beforeAll, expect, test } from '@jest/globals';
import { insertMigration } from '../drizzle/rows/rows';
import { useDevServers } from '../support/devServers';
import { lrmWith } from './lrm';

const servers = useDevServers();

beforeAll(async () => {
  await insertMigration(servers.sql, '0001_users_email');
  await insertMigration(servers.sql, '0002_users_name', 'completed');
});

/** Returns the words that a shell's script gets, without their descriptions. */
async function complete(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await servers.lrm('complete', '--', ...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.trim().split('\n');
  expect(lines.pop()).toMatch(/^:\d+$/);
  return lines.map((line) => line.split('\t')[0] ?? '').filter(Boolean);
}

test('completion of commands, options, and of migrations from the database', async () => {
  expect(await complete('un')).toEqual(['unregister']);
  expect(await complete('retry', '--from')).toEqual(['--from-start']);
  expect(await complete('pause', '00')).toEqual(['0001_users_email', '0002_users_name']);
  expect(await complete('status', '')).toEqual(['0001_users_email', '0002_users_name']);
  expect(await complete('pause', '0001_users_email', '')).toEqual(['0002_users_name']);
  // For `lrm run --inline`.
  expect(await complete('run', '')).toEqual(['0001_users_email', '0002_users_name']);
  expect(await complete('schedule', '')).toEqual([]);
});

test('completion for lrm register takes names from the job files', async () => {
  const jobs = servers.jobsFolder();
  jobs.writeJob('0005_carts', 'exports.run = async () => {};');
  const register = lrmWith(servers, { LRM_JOBS_DIR: jobs.path });
  expect((await register('complete', '--', 'register', '')).stdout).toMatch(/^0005_carts\t/);
});

test.each([
  ['does not answer', { DATABASE_URL: 'postgres://app@10.255.255.1/app' }],
  ['refuses', { DATABASE_URL: 'postgres://app@127.0.0.1:1/app' }],
  ['is not set', { DATABASE_URL: '' }],
])('completion prints no names and no error when the database %s', async (_, env) => {
  expect(await lrmWith(servers, env)('complete', '--', 'pause', '00')).toEqual({
    code: 0,
    stdout: ':4\n',
    stderr: '',
  });
});

test.each(['bash', 'zsh', 'fish'])('lrm completion %s prints a script', async (shell) => {
  const { code, stdout } = await servers.lrm('completion', shell);
  expect(code).toBe(0);
  expect(stdout).toMatch('bin/lrm.js complete -- ');
});

test('bash can read the script for bash', async () => {
  const { stdout } = await servers.lrm('completion', 'bash');
  expect(spawnSync('bash', ['-n'], { input: stdout, encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
});

test('lrm completion exits 2 for an unknown shell', async () => {
  expect((await servers.lrm('completion', 'csh')).code).toBe(2);
});
