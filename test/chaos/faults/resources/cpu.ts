import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endsWithParent } from '../../../../worker/local/postgres/unprivileged';
import type { Fault } from '../../fault';
import { NothingToBreak } from '../../fault';
import { inSeconds, lasts } from '../lasts';
import { type Limit, whileLimited, whyNoLimit } from './cgroup';

/** 2 % of a core: 2 ms in each 100 ms. */
const limit: Limit = {
  controller: 'cpu',
  first: { 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '2000' },
  second: { 'cpu.max': '2000 100000' },
};

/** Too little of a processor. */
export const cpuFaults: readonly Fault[] = [
  {
    kind: 'CPU: a worker with 2 % of a core',
    part: 'worker',
    unavailable: () => whyNoLimit('cpu'),
    inflict: async ({ worker, random }) => {
      const { pid } = worker;
      if (pid === undefined) throw new NothingToBreak('no worker runs in this place');
      const milliseconds = lasts(random, 5, 30);
      const throttled = await whileLimited(limit, [pid, ...worker.jobPids()], async (group) => {
        await sleep(milliseconds);
        return Number(
          /^nr_throttled ([0-9]+)$/m.exec(readFileSync(path.join(group, 'cpu.stat'), 'utf8'))?.[1],
        );
      });
      if (!throttled) throw new NothingToBreak('the worker needed less');
      // A watchdog of its own may have ended it.
      await worker.start();
      return `for ${inSeconds(milliseconds)}; it had to wait ${throttled} times`;
    },
  },
  {
    kind: 'CPU: taken by others',
    part: 'worker',
    weight: 0.5,
    inflict: async ({ random }) => {
      const milliseconds = lasts(random, 3, 15);
      const [command = '', ...args] = endsWithParent(['sh', '-c', 'while :; do :; done']);
      const hogs = Array.from({ length: 4 * availableParallelism() }, () =>
        spawn(command, args, { stdio: 'ignore' }),
      );
      await sleep(milliseconds);
      for (const hog of hogs) hog.kill('SIGKILL');
      return `${hogs.length} processes for ${inSeconds(milliseconds)}`;
    },
  },
];
