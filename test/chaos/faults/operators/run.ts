import type { Fault } from '../../fault';
import { bad, json, succeeds } from '../support/lrm';
import { requireOneRun } from '../support/runs';

/** However often it is asked for, there is one run. */
export const runs: Fault = {
  kind: 'lrm run by both operators at once',
  part: 'operators',
  needs: ['postgres', 'temporal'],
  inflict: async ({ set, random }) => {
    const all = Array.from({ length: random.integer(2, 4) }, (_, index) =>
      succeeds(set, index % 2 === 0 ? 1 : 2, 'run', '--json'),
    );
    const answers = (await Promise.all(all)).map((result) => {
      const { run } = json(['run', '--json'], result.stdout, result) as { run?: unknown };
      if (run === 'started' || run === 'going') return run;
      throw bad(['run', '--json'], result, 'it says neither started nor going');
    });
    await requireOneRun(set);
    return `lrm run said ${answers.join(', ')}`;
  },
};
