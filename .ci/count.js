'use strict';
// Prints '<passed> <failed>' of a jest run from its JSON results. A suite that could not run counts
// as one failure. Missing results and a run without tests do too: a check of nothing must not pass.
const { readFileSync } = require('node:fs');

const { passed, failed } = count(process.argv[2]);
console.log(passed, passed + failed === 0 ? 1 : failed);

function count(file) {
  try {
    const results = JSON.parse(readFileSync(file, 'utf8'));
    return {
      passed: results.numPassedTests,
      // A skipped test counts as failed, so that none is forgotten.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites + results.numPendingTests,
    };
  } catch {
    return { passed: 0, failed: 0 };
  }
}
