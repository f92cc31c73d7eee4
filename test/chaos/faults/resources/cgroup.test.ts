import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { waitFor } from '../../../support/waitFor';
import { whileLimited, whyNoLimit } from './cgroup';
import { outOfMemoryLimit } from './memory';

(whyNoLimit('memory') ? test.skip : test)(
  'the kernel kills a process that needs more than its group may have, and the group is removed',
  async () => {
    const child = spawn(
      process.execPath,
      ['-e', 'const all = []; setInterval(() => all.push(Buffer.alloc(1e6, 1)), 10)'],
      { stdio: 'ignore' },
    );
    let group = '';
    await whileLimited(outOfMemoryLimit, [child.pid ?? 0], async (folder) => {
      group = folder;
      await waitFor('the kernel to kill it', () => child.signalCode);
    });
    expect(child.signalCode).toBe('SIGKILL');
    expect(existsSync(group)).toBe(false);
  },
);
