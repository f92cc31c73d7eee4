import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { projectFolder } from '../../drizzle/projectFolder';
import { endsWithParent } from '../../worker/local/unprivileged';

/** How a command ended. */
export interface CommandResult {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `lrm <args>` to its end. */
export async function runLrm(env: NodeJS.ProcessEnv, args: string[]): Promise<CommandResult> {
  const script = path.join(projectFolder, 'bin/lrm.js');
  const [command = '', ...rest] = endsWithParent([process.execPath, script, ...args]);
  const child = spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [code, stdout, stderr] = await Promise.all([
    new Promise<number | null>((resolve) => child.once('close', resolve)),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}
