import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll, expect, test } from '@jest/globals';
import { waitFor } from '../../../support/waitFor';
import { shiftClock, whyNoRunningClock } from './runningClock';

const HOUR = 3_600_000;
const started: ChildProcess[] = [];
afterAll(() => {
  for (const child of started) child.kill();
});

(whyNoRunningClock() ? test.skip : test)(
  'the clock of a running process is set back, and forward again; its timers go on',
  async () => {
    const lines: string[] = [];
    const child = spawn(
      process.execPath,
      ['-e', 'setInterval(() => console.log(Date.now()), 20)'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    started.push(child);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n')));
    const shows = (wrong: number) =>
      waitFor(`a clock that is ${wrong} ms wrong`, () => {
        const off = Number(lines.filter(Boolean).at(-1)) - Date.now() - wrong;
        return Math.abs(off) < HOUR / 10;
      });
    await shows(0);
    const back = await shiftClock(child.pid ?? 0, -HOUR / 1_000);
    await shows(-HOUR);
    await back();
    await shows(0);
    expect(child.exitCode).toBeNull();
  },
);

test('nothing happens when the process has ended meanwhile', async () => {
  if (whyNoRunningClock()) return;
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const back = await shiftClock(child.pid ?? 0, 60);
  child.kill('SIGKILL');
  await waitFor('its end', () => child.signalCode !== null);
  await back();
});
