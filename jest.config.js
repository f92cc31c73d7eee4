'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // Jobs and the worker run compiled, from dist/; tests themselves from source.
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc()] },
  globalSetup: '<rootDir>/test/global-setup.ts',
  globalTeardown: '<rootDir>/test/global-teardown.ts',
  // Two cores, and each file starts processes of its own.
  maxWorkers: 2,
  // Real servers, real time limits: a test waits for conditions, each with its own deadline.
  testTimeout: 60_000,
};

function swc() {
  return {
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    // `await import()` becomes require(): jest runs no ESM packages (the compiled code does).
    module: { type: 'commonjs' },
  };
}
