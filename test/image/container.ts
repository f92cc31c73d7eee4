import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

const words = (text: string | undefined): readonly string[] =>
  text?.split(' ').filter(Boolean) ?? [];

/** `docker`, or what takes the same commands: LRM_CONTAINER='podman --runtime runc'. */
const [engine = 'docker', ...engineOptions] = words(process.env['LRM_CONTAINER'] ?? 'docker');
/** Options of `run` that this machine needs, for example '--ulimit nofile=1024:1024'. */
const runOptions = words(process.env['LRM_CONTAINER_RUN']);

/** Nobody of the image, and nothing that a hardened cluster refuses. */
const HARDENED = [
  ...['--network', 'host', '--read-only', '--cap-drop', 'ALL', '--user', '12345:12345'],
  ...['--security-opt', 'no-new-privileges'],
];
/** Podman mounts /tmp and others by itself. Docker and Kubernetes don't. */
const NO_TMP = engine.includes('podman') ? ['--read-only-tmpfs=false'] : [];

/** How a container is run, besides the command in it. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of this machine, read-only: path here to path there. */
  readonly mounts?: Readonly<Record<string, string>>;
}

/**
 * Runs a command of the container engine.
 * @throws Error with what it printed when it fails. The command itself holds a password
 */
export async function container(...args: string[]): Promise<string> {
  try {
    const { stdout } = await exec(engine, [...engineOptions, ...args], { maxBuffer: 1 << 26 });
    return stdout.trim();
  } catch (error) {
    const { stdout = '', stderr = String(error) } = error as { stdout?: string; stderr?: string };
    throw new Error(`${engine} ${args[0]}: ${stdout}${stderr}`);
  }
}

/** Runs a command in a hardened container of the image, to its end. */
export function run(image: string, command: string[], options: RunOptions = {}): Promise<string> {
  return container('run', '--rm', ...settingsOf(options), image, ...command);
}

/**
 * Runs the image's own command, a worker, in a hardened container while `use` goes on.
 * @throws Error of `use`, with the end of the worker's log
 */
export async function withWorker(
  image: string,
  options: RunOptions,
  use: (id: string) => Promise<void>,
): Promise<void> {
  const id = await container('run', '--detach', ...settingsOf(options), image);
  try {
    await use(id);
  } catch (error) {
    const last = (await log(id)).split('\n').slice(-15).join('\n');
    throw new Error(`${(error as Error).message}\n${last}`);
  } finally {
    await container('rm', '--force', id);
  }
}

/** Sends SIGTERM. @returns the exit code, after at most the grace that docs/deploying.md names */
export async function stop(id: string): Promise<number> {
  await container('stop', '--time', '20', id);
  return Number(await container('inspect', '--format', '{{.State.ExitCode}}', id));
}

/** What a container has written to both of its outputs. */
export async function log(id: string): Promise<string> {
  const { stdout, stderr } = await exec(engine, [...engineOptions, 'logs', id]);
  return `${stdout}${stderr}`.trim();
}

function settingsOf({ env = {}, mounts = {} }: RunOptions): string[] {
  return [
    ...HARDENED,
    ...NO_TMP,
    ...runOptions,
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...Object.entries(mounts).flatMap(([from, to]) => ['--volume', `${from}:${to}:ro`]),
  ];
}
