import type { DryBatch, DryRun } from '../context/dryRun';
import type { DryRunInput } from '../process/messages';
import { send } from './port';
import { sendLast } from './prints';
import { watched } from './rolledBack';

/** Reports what a dry run does, and ends it after the last batch. */
export function createDryRun({ batches, sideEffects }: DryRunInput): DryRun {
  let done = 0;
  return {
    batch: async (batch: DryBatch) => {
      if (batch.matching === 0) return;
      done += 1;
      if (done <= batches) send({ type: 'dry', news: { kind: 'batch', batch } });
      if (done >= batches) await end({ kind: 'enough' });
    },
    sideEffect: async (what) => {
      if (!sideEffects) await end({ kind: 'refused', what });
    },
    watch: (body) => watched.run(true, body),
  };
}

/** Never returns: the worker ends this process, and the server rolls back what is open. */
function end(news: { kind: 'enough' } | { kind: 'refused'; what: string }): Promise<never> {
  sendLast({ type: 'dry', news });
  return new Promise(() => {});
}
