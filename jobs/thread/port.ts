import { type MessagePort, workerData } from 'node:worker_threads';
import type { FromJob } from '../process/messages';

/** Connects to the main thread. Taken before the job is loaded, because the job must not find it. */
export const ourPort: MessagePort = workerData.port;
/** See JobThread: for new database sessions, and for what outlives this thread. */
export const gate: Int32Array = workerData.gate;
workerData.port = undefined;
workerData.gate = undefined;

/** Sends a message to the worker. */
export function send(message: FromJob): void {
  ourPort.postMessage(message);
}
