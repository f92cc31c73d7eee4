'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Jobs and the worker run compiled, from dist/. The tests themselves run from source.
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc()] },
  globalSetup: '<rootDir>/test/global-setup.ts',
  globalTeardown: '<rootDir>/test/global-teardown.ts',
  // CI has two cores, and each test file starts processes of its own. But half of the time it waits:
  // for time limits, heartbeats and polls.
  maxWorkers: 3,
  // Long, because tests use real servers and real time limits. Each wait has a shorter deadline.
  testTimeout: 60_000,
};

function swc() {
  return {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    // `await import()` becomes require(), because jest can't run ESM packages. Compiled code can.
    module: { type: 'commonjs' },
  };
}
