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
 * Runs `lrm <args>` in a process of its own, as a person would: worker/ imports nothing of client/.
 * @param signal ends it.
 */
export async function runCommand(
  env: NodeJS.ProcessEnv,
  args: readonly string[],
  signal: AbortSignal,
): Promise<CommandResult> {
  const child = spawn(process.execPath, [path.join(projectFolder, 'bin/lrm.js'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C in the terminal is for npm start; it passes on what follows from it.
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
