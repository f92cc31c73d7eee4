import { within } from '../../../../settings/within';
import { type Fault, NothingToBreak } from '../../fault';
import { PATIENCE, whileItRuns } from '../support/attempts';
import { askJson } from '../support/lrm';
import { readRow } from '../support/rows';
import { letGo } from './contradict';
import { watched } from './watch';

/** One waits for its end, the other has to pause it meanwhile. */
export const finalize: Fault = {
  kind: 'lrm finalize, and a pause by the other operator',
  part: 'operators',
  needs: ['postgres', 'temporal'],
  inflict: async ({ set, random }) => {
    const running = await whileItRuns(set, PATIENCE);
    if (running.length === 0) throw new NothingToBreak('no migration runs that could be finalized');
    const { migration } = random.pick(running);
    return watched(set, 1, async () => {
      const finalizing = askJson(set, 1, 'finalize', migration);
      const early = await within(random.integer(500, 30_000), finalizing);
      const paused = early ? undefined : await askJson(set, 2, 'pause', migration);
      const said = await within(ENDS_WITHIN, finalizing);
      const { status } = await readRow(set, migration);
      if (!said) throw new Error(`lrm finalize ${migration} goes on, although it is ${status}`);
      const completed = status === 'completed';
      if ((said.code === 0) !== completed) {
        throw new Error(`lrm finalize ended with ${said.code}, but ${migration} is ${status}`);
      }
      if (paused?.code === 1 && !completed) {
        throw new Error(`lrm pause was refused, but ${migration} is ${status}: ${paused.error}`);
      }
      await letGo(set, migration);
      const pause = paused ? `pause with ${paused.code}` : 'no pause';
      return `finalize of ${migration} ended with ${said.code}, ${pause}; then it was ${status}`;
    });
  },
};

/** After the pause. It polls. Milliseconds. */
const ENDS_WITHIN = 30_000;
