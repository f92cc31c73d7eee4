import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode } from '@temporalio/worker';
import { built } from '../settings/projectFolder';
import { payloadConverterPath, workflowBundle } from './workflowBundle';

/** Bundles the workflow code at build time: at the start of a worker it would take ten seconds. */
export async function bundleWorkflows(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: built('workflows.js'),
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
