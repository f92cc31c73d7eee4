import { createRequire } from 'node:module';
import { workerData } from 'node:worker_threads';
import { built } from '../../../settings/projectFolder';
import type { StoreUse } from '../../process/codeStore';
import { loadStored } from './loadStored';
import { readStore, writeStore } from './store';

// The first file of a job thread. It imports next to nothing, because it runs before the code store
// is read: that one holds all the rest.

const MAIN = built('jobThreadMain.js');

const use: StoreUse | undefined = workerData.store;
workerData.store = undefined;
if (use === undefined) createRequire(__filename)(MAIN);
else {
  const toStore = loadStored(MAIN, use === 'read' ? readStore() : undefined);
  if (use === 'write') writeStore(toStore());
}
