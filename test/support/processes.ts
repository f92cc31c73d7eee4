import { spawnSync } from 'node:child_process';
import { waitFor } from './waitFor';

/** Whether a process is running. A zombie is not: it has ended, but nobody has waited for it. */
export function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

/** Waits until a process has ended, whoever started it. At the deadline it is killed. */
export async function waitForEnd(what: string, pid: number, deadline?: number): Promise<void> {
  try {
    await waitFor(`${what} (process ${pid}) to end`, () => !isRunning(pid), deadline);
  } finally {
    if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  }
}

/** The job processes of a worker, with and without an attempt. */
export function jobProcessesOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,stat=,args=', '--ppid', String(pid)], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter((line) => line.includes('jobProcess.js'));
  return lines.filter((line) => !/^ *[0-9]+ Z/.test(line)).map((line) => Number.parseInt(line, 10));
}
