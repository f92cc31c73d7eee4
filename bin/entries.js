'use strict';

/** What `exports` of package.json names: entry to source. */
exports.ENTRIES = {
  index: 'jobs/index.ts',
  gate: 'client/gate.ts',
  drizzle: 'drizzle/index.ts',
  worker: 'worker/index.ts',
  workflows: 'workflows/index.ts',
  testing: 'worker/testing.ts',
};
