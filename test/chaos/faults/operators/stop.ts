import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosSet } from '../../chaosSet';
import { type Fault, NothingToBreak, type Target } from '../../fault';
import { PATIENCE, whileItRuns } from '../support/attempts';
import { askJson } from '../support/lrm';
import { pass } from '../support/pause';
import { ENDED, readRow } from '../support/rows';
import { readState } from './state';
import { watched } from './watch';

/** How a stop is said, what status it brings, and what lets it go on. */
interface Kind {
  readonly move: 'pause' | 'cancel';
  readonly status: 'paused' | 'cancelled';
  readonly back: 'resume' | 'retry';
}

const fault = (kind: Kind): Fault => ({
  kind: `lrm ${kind.move}, then ${kind.back}`,
  part: 'operators',
  needs: ['postgres'],
  weight: 2,
  inflict: (target) => watched(target.set, 2, () => stopRunning(target, kind)),
});

export const stops: readonly Fault[] = [
  fault({ move: 'pause', status: 'paused', back: 'resume' }),
  fault({ move: 'cancel', status: 'cancelled', back: 'retry' }),
];

/** Stops one that runs; another one when it ends before. */
async function stopRunning({ set, random }: Target, kind: Kind): Promise<string> {
  const missed: string[] = [];
  for (let tries = 1; tries <= 4; tries++) {
    const running = await whileItRuns(set, PATIENCE);
    if (running.length === 0) throw new NothingToBreak('no migration runs that could be stopped');
    const { migration } = random.pick(running);
    await pass(random, 0, 1_000);
    const said = await askJson(set, 1, kind.move, migration, '--reason', 'chaos');
    if (said.code === 0) {
      const held = await hold(set, migration, kind, random.integer(500, 6_000));
      return `${migration} was ${kind.status} for ${held} ms${missed.join('')}`;
    }
    const { status } = await readRow(set, migration);
    if (!ENDED.includes(status)) {
      throw new Error(
        `lrm ${kind.move} ${migration} was refused, and it is ${status}: ${said.error}`,
      );
    }
    missed.push(`; ${migration} had ended before`);
  }
  throw new NothingToBreak(`each migration had ended before it could be stopped${missed.join('')}`);
}

/** The command has said that it is stopped: then it is, until somebody lets it go on. */
async function hold(
  set: ChaosSet,
  name: string,
  { status, back }: Kind,
  time: number,
): Promise<number> {
  const { timeline, stops } = set;
  const { snapshot: from, ...before } = await readState(set, name);
  timeline.event('operator 1', `${name} is ${status}: nothing of it may take effect`);
  if (before.status !== status) throw new Error(`${name} is ${before.status}, not ${status}`);
  if (before.open > 0)
    throw new Error(`${name} is ${status}, and ${before.open} attempts are open`);
  if (before.sessions > 0) {
    throw new Error(`${name} is ${status}, and ${before.sessions} of its sessions are there`);
  }
  await sleep(time);
  const { snapshot: upto, ...after } = await readState(set, name);
  stops.push({ migration: name, from, upto });
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    throw new Error(`${name} has changed while ${status}: ${JSON.stringify([before, after])}`);
  }
  const said = await askJson(set, 1, back, name);
  if (said.code !== 0) throw new Error(`lrm ${back} ${name} was refused: ${said.error}`);
  const { status: now } = await readRow(set, name);
  if (now === status) throw new Error(`${name} is still ${status} after lrm ${back}`);
  return time;
}
