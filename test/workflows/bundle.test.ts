import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { bundleWorkflowCode } from '@temporalio/worker';
import { projectFolder } from '../../settings/projectFolder';

const folder = path.join(projectFolder, 'workflows');

test('workflow code bundles: it needs no Node modules', async () => {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(projectFolder, 'dist/workflows.js'),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  expect(code).toContain('executeLongRunningMigrations');
});

// The bundler accepts a value import of activities while it is harmless. It may not stay harmless.
test.each(readdirSync(folder))(
  'workflows/%s imports values only from workflow code, the SDK and the pure modules of settings',
  (file) => {
    const source = readFileSync(path.join(folder, file), 'utf8');
    const imports = [...source.matchAll(/^(import|export)\s(?!type\s)[^;]*?from\s'([^']+)'/gm)];
    for (const [, , from] of imports) {
      expect(from).toMatch(
        /^(@temporalio\/(workflow|common)|\.\/\w+|\.\.\/settings\/(plainText|migrationName))$/,
      );
    }
  },
);
