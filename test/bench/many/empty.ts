import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { projectFolder } from '../../../settings/projectFolder';
import type { Bench } from '../server';

const QUEUE = 'bench-empty';
const workflowsPath = path.join(projectFolder, 'test/bench/many/emptyWorkflow.ts');

/** @returns milliseconds from the end of one empty activity to the end of the next */
export async function emptyActivities(
  bench: Bench,
  { warmUp, measured, atOnce }: { warmUp: number; measured: number; atOnce: number },
): Promise<number> {
  const address = bench.temporalAddress ?? '';
  const connection = await NativeConnection.connect({ address });
  const ends: number[] = [];
  const worker = await Worker.create({
    connection,
    taskQueue: QUEUE,
    workflowsPath,
    activities: { nothing: async () => void ends.push(performance.now()) },
    // As ours has them.
    activityTaskPollerBehavior: { type: 'simple-maximum', maximum: 1 },
    workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 2 },
  });
  const clientConnection = await Connection.connect({ address });
  const client = new Client({ connection: clientConnection });
  try {
    await worker.runUntil(
      client.workflow.execute('emptyActivities', {
        workflowId: QUEUE,
        taskQueue: QUEUE,
        args: [warmUp + measured, atOnce],
      }),
    );
  } finally {
    await connection.close();
    await clientConnection.close();
  }
  const [from = Number.NaN] = ends.slice(warmUp - 1);
  return ((ends.at(-1) ?? Number.NaN) - from) / measured;
}
