import { spawn } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { waitFor } from '../../support/waitFor';
import { NothingToBreak } from '../fault';
import { stateOf, whileFrozen } from './frozen';

test('processes are frozen during the body, and go on after it, also when it fails', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  try {
    const during = whileFrozen([pid], async () => {
      expect(stateOf(pid)).toBe('T');
      throw new Error('of the body');
    });
    await expect(during).rejects.toThrow('of the body');
    await waitFor('it to go on', () => stateOf(pid) !== 'T');
  } finally {
    child.kill('SIGKILL');
  }
  await waitFor('its end', () => child.signalCode !== null);
  await expect(whileFrozen([pid], async () => {})).rejects.toBeInstanceOf(NothingToBreak);
});

test('a frozen process goes on when the one that froze it is killed', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const freezer = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '-e',
      `import('${__dirname}/frozen.ts').then((m) => (m.default ?? m).freeze([${pid}], 60_000))`,
    ],
    { stdio: 'inherit' },
  );
  try {
    await waitFor('it to be frozen', () => stateOf(pid) === 'T');
    freezer.kill('SIGKILL');
    await waitFor('it to go on', () => stateOf(pid) !== 'T');
  } finally {
    freezer.kill('SIGKILL');
    child.kill('SIGKILL');
  }
});
