import { waitFor } from '../../../support/waitFor';
import type { Fault } from '../../fault';
import { pass } from '../support/pause';
import { killed, revive } from '../support/slots';

/** As a supervisor does with a worker that crashes: each is killed at some point of its start. */
export const restartLoop: Fault = {
  kind: 'a worker restarted in a loop',
  part: 'worker',
  inflict: async ({ set, worker, random }) => {
    const times = random.integer(3, 6);
    let lived = 0;
    await killed(worker);
    for (let time = 1; time <= times; time++) {
      // It never becomes ready, which is what this is about.
      void worker.start().catch(() => {});
      await waitFor('the process of the worker', () => worker.pid !== undefined);
      lived += await pass(random, 50, 4_000);
      await killed(worker);
    }
    await revive(set, worker);
    return `worker ${worker.number} was started and killed ${times} times within ${lived} ms`;
  },
};
