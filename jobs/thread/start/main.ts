import { createRequire } from 'node:module';
import { type MessagePort, workerData } from 'node:worker_threads';
import { built } from '../../../settings/projectFolder';
import type { ToStore } from '../../process/messages';
import { loadStored } from './loadStored';
import { pack, type StoredModule, unpack } from './store';

// The first file of a job thread. It imports next to nothing, because it runs before the code store
// is read: that one holds all the rest.

const MAIN = built('jobThreadMain.js');

const write: boolean = workerData.write;
const stored: Uint8Array | undefined = workerData.stored;
// What is loaded now takes it away.
const port: MessagePort = workerData.port;
workerData.write = undefined;
workerData.stored = undefined;
if (!write && !stored) createRequire(__filename)(MAIN);
else {
  const toStore = loadStored(MAIN, stored && unpack(bufferOf(stored)));
  if (write) port.postMessage({ type: 'store', bytes: packed(toStore) } satisfies ToStore);
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Null: there is no memory for it. */
function packed(modules: () => readonly StoredModule[]): Buffer | null {
  try {
    return pack(modules());
  } catch {
    return null;
  }
}
