import { type MessagePort, workerData } from 'node:worker_threads';
import type { FromThread } from '../process/messages';

/** Connects to the main thread. Taken before the job is loaded, because the job must not find it. */
export const ourPort: MessagePort = workerData.port;
/** 0 while a new database session waits, 1 when it is allowed. */
export const gate: Int32Array = workerData.gate;
workerData.port = undefined;
workerData.gate = undefined;

/** Sends a message to the worker. */
export function send(message: FromThread): void {
  ourPort.postMessage(message);
}
