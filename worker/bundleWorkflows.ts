import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { payloadConverterPath, workflowBundle } from './workflowBundle';

/** Bundles the workflow code at build time: at the start of a worker it would take ten seconds. */
async function main(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.resolve(__dirname, '../workflows/index.js'),
    payloadConverterPath,
    logger: quiet,
  });
  await writeFile(workflowBundle, code);
}

/** Webpack's statistics are not needed: when the build fails, an error is thrown. */
const nothing = () => {};
const quiet = {
  log: nothing,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: (message: string) => process.stderr.write(`${message}\n`),
  error: (message: string) => process.stderr.write(`${message}\n`),
};

main().catch((error) => {
  process.stderr.write(`could not bundle the workflows: ${error?.message}\n`);
  process.exitCode = 1;
});
