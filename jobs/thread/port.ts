import { type MessagePort, workerData } from 'node:worker_threads';
import type { FromThread } from '../process/messages';

/** The way to the job process's main thread; taken before the job is loaded, which must not find it. */
export const ourPort: MessagePort = workerData.port;
/** 0 while a new database session waits, 1 when it is allowed. */
export const gate: Int32Array = workerData.gate;
workerData.port = undefined;
workerData.gate = undefined;

/** Sends a message to the worker. */
export function send(message: FromThread): void {
  ourPort.postMessage(message);
}
