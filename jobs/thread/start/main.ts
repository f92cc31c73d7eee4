import { createRequire } from 'node:module';
import { type MessagePort, workerData } from 'node:worker_threads';
import { built } from '../../../settings/projectFolder';
import type { GivenStore } from '../../process/codeStore';
import type { FromThread } from '../../process/messages';
import { loadStored } from './loadStored';
import { readStore, writeStore } from './store';

// The first file of a job thread. It imports next to nothing, because it runs before the code store
// is read: that one holds all the rest.

const MAIN = built('jobThreadMain.js');

const use: GivenStore['use'] | undefined = workerData.store;
const sum: string | undefined = workerData.sum;
// What is loaded now takes it away.
const port: MessagePort = workerData.port;
workerData.store = undefined;
workerData.sum = undefined;
if (use === undefined) createRequire(__filename)(MAIN);
else {
  const toStore = loadStored(MAIN, use === 'read' ? readStore(sum) : undefined);
  if (use === 'write') {
    const stored: FromThread = { type: 'stored', sum: writeStore(toStore) };
    port.postMessage(stored);
  }
}
