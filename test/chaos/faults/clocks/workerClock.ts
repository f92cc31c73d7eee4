import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerSlot } from '../../chaosSet';
import type { Fault } from '../../fault';
import { lasts } from '../lasts';
import { anOffset, offsetText } from './offsets';

/** A worker, with all its job processes, whose machine has another time, which is set anew meanwhile. */
export const workerClock: Fault = {
  kind: "clock of a worker's machine set",
  part: 'worker',
  unavailable: () =>
    LIBRARY ? undefined : "libfaketime is missing (on Debian: 'apt-get install libfaketime')",
  inflict: async ({ worker, random }) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lrm-clock-'));
    const clock = path.join(folder, 'clock');
    const offsets = Array.from({ length: random.integer(1, 3) }, () => anOffset(random));
    const printed = worker.printed().length;
    try {
      set(clock, offsets[0] ?? 0);
      await startAgain(worker, {
        LD_PRELOAD: LIBRARY,
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_CACHE_DURATION: '1',
        // A machine's monotonic clock goes on whatever the time of day is set to.
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        NO_FAKE_STAT: '1',
      });
      checkLog(worker.printed().slice(printed), offsets[0] ?? 0);
      for (const offset of offsets) {
        set(clock, offset);
        await sleep(lasts(random, 3, 15));
      }
    } finally {
      await startAgain(worker, {});
      rmSync(folder, { recursive: true });
    }
    return offsets.map(offsetText).join(', then ');
  },
};

/** In one step: it is read again once a second. */
function set(file: string, seconds: number): void {
  writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  renameSync(`${file}.new`, file);
}

const NAMES = [
  'LD_PRELOAD',
  'FAKETIME_TIMESTAMP_FILE',
  'FAKETIME_CACHE_DURATION',
  'FAKETIME_DONT_FAKE_MONOTONIC',
  'NO_FAKE_STAT',
];

async function startAgain(worker: WorkerSlot, env: NodeJS.ProcessEnv): Promise<void> {
  worker.kill('SIGTERM');
  await worker.ended();
  for (const name of NAMES) delete worker.extraEnv[name];
  Object.assign(worker.extraEnv, env);
  await worker.start();
}

/** @throws Error when no line of the log has the time that the worker should have */
function checkLog(lines: string, offset: number): void {
  const times = [...lines.matchAll(/"time":"([^"]+)"/g)].map(([, time = '']) => Date.parse(time));
  const wanted = Date.now() + offset * 1_000;
  if (times.some((time) => Math.abs(time - wanted) < NEAR)) return;
  const last = times.at(-1);
  throw new Error(`the worker's clock is ${last ? new Date(last).toISOString() : 'unknown'}`);
}

/** Less than the least offset. Milliseconds. */
const NEAR = 19_000;

const LIBRARY = (existsSync('/usr/lib') ? readdirSync('/usr/lib') : [])
  .map((folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`)
  .concat('/usr/lib/faketime/libfaketimeMT.so.1')
  .find(existsSync);
