import { fillEnvironment, readApplication } from '../settings/application';
import { UsageError } from '../settings/usageError';

/** The worker of a container: `node dist/workerMain.js`. `lrm worker` does the same. */
async function main(): Promise<number> {
  fillEnvironment(await readApplication(), process.env);
  // Loaded only now: the schema that our tables are in is a setting.
  const { workerProcess } = await import('./workerProcess');
  return workerProcess();
}

main().then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(
      `${error instanceof UsageError ? error.message : `the worker failed: ${error?.name}`}\n`,
    );
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
