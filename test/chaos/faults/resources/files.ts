import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../fault';
import { NothingToBreak } from '../../fault';
import { inSeconds, lasts } from '../lasts';
import { undone } from '../undone';

/** A worker that may open no file more, and whose connections are lost at the same time. */
export const noMoreFiles: Fault = {
  kind: 'file descriptors used up',
  part: 'worker',
  unavailable: () =>
    spawnSync('prlimit', ['--version']).status === 0
      ? undefined
      : "limiting files needs prlimit (on Debian: 'apt-get install util-linux')",
  inflict: async ({ worker, random }) => {
    const { pid } = worker;
    if (pid === undefined) throw new NothingToBreak('no worker runs in this place');
    const milliseconds = lasts(random, 3, 15);
    const before = execFileSync(
      'prlimit',
      [`--pid=${pid}`, '--nofile', '--noheadings', '--raw', '--output=SOFT,HARD'],
      { encoding: 'utf8' },
    );
    const [soft, hard] = before.trim().split(/\s+/);
    const back = 'prlimit --pid="$1" --nofile="$2" 2>/dev/null || ! kill -0 "$1" 2>/dev/null';
    const printed = worker.printed().length;
    await undone(back, [pid, `${soft}:${hard}`], async () => {
      const open = readdirSync(`/proc/${pid}/fd`).length;
      execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${random.integer(3, open)}:${hard}`]);
      worker.postgres.cut();
      if (random.chance(0.5)) worker.temporal.cut();
      await sleep(milliseconds);
    });
    const survived = worker.pid === pid;
    await worker.start();
    const seen = /EMFILE|Too many open files/.test(worker.printed().slice(printed));
    if (!seen && survived) throw new NothingToBreak('the worker opened nothing');
    return `for ${inSeconds(milliseconds)}; it ${survived ? 'lived on' : 'ended'}`;
  },
};
