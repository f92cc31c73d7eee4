import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { projectFolder } from '../../settings/projectFolder';
import { endsWithParent } from '../../worker/local/postgres/unprivileged';
import { startOf } from './startOf';

/** How a command ended. */
export interface CommandResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `lrm <args>` and waits for its end.
 * @param onStderr called with each part of its standard error
 */
export async function runLrm(
  env: NodeJS.ProcessEnv,
  args: string[],
  onStderr: (text: string) => void = () => {},
): Promise<CommandResult> {
  const script = path.join(projectFolder, 'bin/lrm.js');
  const [command = '', ...rest] = endsWithParent(startOf(script, ...args));
  const child = spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stderr.on('data', (chunk: Buffer) => onStderr(chunk.toString()));
  const [code, stdout, stderr] = await Promise.all([
    new Promise<number | null>((resolve) => child.once('close', resolve)),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}
