import { ApplicationFailure } from '@temporalio/common';
import { isName as isMigrationName } from '../settings/migrationName';
import { WORKFLOW_ID } from '../settings/settings';
import type { ListInput, RunMigrationInput } from './contract';

// Anybody who reaches Temporal can schedule an activity on our task queue, from a workflow of their own
// and with any input. Two runs must not work on the same migrations, and an activity that throws for a
// reason that stays would be tried again for ever.

/** @throws ApplicationFailure 'OtherWorkflowId', not retryable, when another workflow has scheduled it */
export function requireRun(workflowId: string | undefined): void {
  if (workflowId === WORKFLOW_ID) return;
  const whose = workflowId === undefined ? 'no workflow' : workflowId.slice(0, 100);
  throw ApplicationFailure.nonRetryable(
    `only the run with the workflow ID ${WORKFLOW_ID} may call this activity, not ${whose}; type: npx lrm run`,
    'OtherWorkflowId',
  );
}

/** @throws ApplicationFailure 'InvalidInput', not retryable */
export function readRunMigrationInput(input: unknown): RunMigrationInput {
  const { name, throttled, installation, onlyIfEmpty, regardless } = isObject(input) ? input : {};
  if (!isName(name)) throw invalid('runMigration', "'name' must be the name of a migration");
  if (typeof throttled !== 'boolean')
    throw invalid('runMigration', "'throttled' must be true or false");
  if (installation !== undefined && typeof installation !== 'string') {
    throw invalid('runMigration', "'installation' must be a text");
  }
  const flags = { onlyIfEmpty, regardless };
  for (const [flag, value] of Object.entries(flags)) {
    if (value !== undefined)
      throw invalid('runMigration', `'${flag}' is not for a run of Temporal's`);
  }
  return { name, throttled, ...(installation !== undefined && { installation }) };
}

/** @throws ApplicationFailure 'InvalidInput', not retryable */
export function readListInput(input: unknown): ListInput {
  const { running, extra, skip, only, askAgain } = isObject(input) ? input : {};
  if (!areNames(running))
    throw invalid('listPendingMigrations', "'running' must be a list of names");
  if (!areNames(skip)) throw invalid('listPendingMigrations', "'skip' must be a list of names");
  if (only !== undefined && !areNames(only)) {
    throw invalid('listPendingMigrations', "'only' must be a list of names");
  }
  if (!Number.isSafeInteger(extra) || Number(extra) < 0) {
    throw invalid('listPendingMigrations', "'extra' must be a whole number");
  }
  return {
    ...{ running, skip, extra: Number(extra), askAgain: askAgain === true },
    ...(only !== undefined && { only }),
  };
}

const invalid = (activity: string, why: string): ApplicationFailure =>
  ApplicationFailure.nonRetryable(
    `the input of ${activity} is not valid: ${why}; only the run calls it: npx lrm run`,
    'InvalidInput',
  );

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const isName = (value: unknown): value is string =>
  typeof value === 'string' && isMigrationName(value);

const areNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(isName);
