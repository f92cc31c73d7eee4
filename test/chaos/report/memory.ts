import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { WorkerSlot } from '../chaosSet';
import type { MemorySample } from '../checks';

const execute = promisify(execFile);

/** Looks every five seconds at all workers. */
export function startMemorySamples(workers: readonly WorkerSlot[]): {
  readonly samples: readonly MemorySample[];
  stop(): void;
} {
  const samples: MemorySample[] = [];
  const look = async () => {
    const pids = workers.flatMap(({ pid }) => pid ?? []);
    if (pids.length === 0) return;
    const { stdout } = await execute('ps', ['-o', 'pid=,rss=', '-p', pids.join(',')]);
    for (const line of stdout.trim().split('\n')) {
      const [pid = 0, kibibytes = 0] = line.trim().split(/ +/).map(Number);
      samples.push({ pid, at: Date.now(), bytes: kibibytes * 1_024 });
    }
  };
  // One that ended in between is an error of ps.
  const timer = setInterval(() => void look().catch(() => {}), 5_000);
  return { samples, stop: () => clearInterval(timer) };
}
