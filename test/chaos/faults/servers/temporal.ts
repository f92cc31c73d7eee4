import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../../fault';
import { freeze } from '../frozen';
import { inSeconds, lasts } from '../lasts';
import { untilTemporalAnswers } from './answers';

/** Temporal's server is away, stands still, or has forgotten everything. */
export const temporalFaults: readonly Fault[] = [
  {
    kind: 'Temporal: killed, and started again',
    part: 'temporal',
    weight: 2,
    inflict: async ({ set, random }) => {
      const milliseconds = random.chance(0.3) ? 0 : lasts(random, 2, 20);
      const before = set.temporal.pid;
      await set.temporal.kill();
      await sleep(milliseconds);
      await set.temporal.start();
      await untilTemporalAnswers(set);
      const { pid } = set.temporal;
      if (pid === before) throw new Error(`Temporal is still process ${pid}`);
      return `away for ${inSeconds(milliseconds)}`;
    },
  },
  {
    kind: 'Temporal: frozen',
    part: 'temporal',
    inflict: async ({ set, random }) => {
      const milliseconds = lasts(random, 2, 20);
      await freeze([set.temporal.pid], milliseconds);
      await untilTemporalAnswers(set);
      return `for ${inSeconds(milliseconds)}`;
    },
  },
  {
    kind: 'Temporal: replaced by an empty one',
    part: 'temporal',
    inflict: async ({ set }) => {
      await set.temporal.replaceByEmpty();
      await untilTemporalAnswers(set);
      return 'it knows nothing of earlier runs';
    },
  },
];
