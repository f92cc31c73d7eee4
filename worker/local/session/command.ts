import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { projectFolder } from '../../../settings/projectFolder';

/** How an `lrm` command ended. */
export interface CommandResult {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `lrm <args>` in its own process, as a person would: worker/ imports nothing from client/.
 * @param signal ends the command when aborted
 */
export async function runCommand(
  env: NodeJS.ProcessEnv,
  args: readonly string[],
  signal: AbortSignal,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [path.join(projectFolder, 'bin/lrm.js'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C in the terminal must reach only npm start, which then ends this command by `signal`.
    detached: true,
    signal,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout: stdout.trim(), stderr: stderr.trim() };
}
