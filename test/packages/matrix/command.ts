import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { cleanEnvironment } from '../../support/environment';

export interface Ended {
  readonly code: number | null;
  /** Standard output, then standard error. */
  readonly output: string;
}

export interface Command {
  readonly pid: number;
  /** Sends SIGKILL to the command alone. */
  kill(): void;
  readonly ended: Promise<Ended>;
}

/** No step takes as long on a machine that does nothing else. Milliseconds. */
const DEADLINE = 10 * 60_000;

/** Starts a command in `cwd` without the developer's own settings. */
export function start(
  cwd: string,
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Command {
  const child = spawn(command, args, {
    cwd,
    env: cleanEnvironment({ CI: '1', NO_COLOR: '1', ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE,
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(
    ([code, stdout, stderr]) => ({ code, output: `${stdout}${stderr}` }),
  );
  return { pid: child.pid ?? Number.NaN, kill: () => child.kill('SIGKILL'), ended };
}

/**
 * Runs a command to its end.
 * @param expected its exit code, default 0
 * @throws Error with what it printed when it ends with another exit code
 */
export async function run(
  cwd: string,
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
  expected = 0,
): Promise<string> {
  const { code, output } = await start(cwd, command, args, env).ended;
  if (code === expected) return output;
  const last = output.trim().split('\n').slice(-25).join('\n');
  throw new Error(
    `${command} ${args.join(' ')}: exit code ${code} instead of ${expected}\n${last}`,
  );
}
