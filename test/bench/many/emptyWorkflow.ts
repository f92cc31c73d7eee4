import { condition, continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '30 seconds',
});

/** Keeps `atOnce` empty activities running until `left` have ended: what Temporal itself takes. */
export async function emptyActivities(left: number, atOnce: number): Promise<void> {
  let running = 0;
  let started = 0;
  while (started < left && !workflowInfo().continueAsNewSuggested) {
    while (running < atOnce && started < left) {
      started++;
      running++;
      void nothing().finally(() => {
        running--;
      });
    }
    await condition(() => running < atOnce);
  }
  await condition(() => running === 0);
  if (started < left) await continueAsNew<typeof emptyActivities>(left - started, atOnce);
}
