'use strict';
// Prints '<passed> <failed>' of a jest run from its JSON results. A suite that could not run is one
// failure. So are no results, and no test that ran: a check that checks nothing must not be green.
const { readFileSync } = require('node:fs');

const { passed, failed } = count(process.argv[2]);
console.log(passed, passed + failed === 0 ? 1 : failed);

function count(file) {
  try {
    const results = JSON.parse(readFileSync(file, 'utf8'));
    return {
      passed: results.numPassedTests,
      // A skipped test is one that nobody would miss: not here.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites + results.numPendingTests,
    };
  } catch {
    return { passed: 0, failed: 0 };
  }
}
