import { type MessagePort, workerData } from 'node:worker_threads';
import type { FromThread } from './messages';

/** The way to the main thread; taken before the job is loaded, which must not find it. */
export const ourPort: MessagePort = workerData.port;
workerData.port = undefined;

/** Sends a message to the main thread. */
export function tell(message: FromThread): void {
  ourPort.postMessage(message);
}
