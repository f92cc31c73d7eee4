import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/**
 * Runs `body`, and a shell script after it, which undoes what it did. The script runs also when this
 * process is killed meanwhile, so that a run leaves no frozen process and no mounted disk behind.
 * @param args the script's `$1`, `$2` and so on
 * @throws Error of `body`, or when the script fails
 */
export async function undone<T>(
  script: string,
  args: readonly (string | number)[],
  body: () => Promise<T>,
): Promise<T> {
  // It waits until its input ends, and is in a session of its own, which Ctrl-C does not reach.
  const child = spawn('sh', ['-c', `cat >/dev/null; ${script}`, 'sh', ...args.map(String)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const ended = Promise.all([once(child, 'exit'), text(child.stderr)]);
  const undo = async () => {
    child.stdin.end();
    const [[code], errors] = await ended;
    if (code !== 0) throw new Error(`'${script}' ended with ${code}: ${errors.trim()}`);
  };
  const result = await body().catch(async (error) => {
    await undo();
    throw error;
  });
  await undo();
  return result;
}
