import type { Mutant } from '../mutant';

const OUTCOME = 'drizzle/rows/outcome.ts';

/** What the rows say is true, and a stop is a stop. */
export const OF_ATTEMPTS: readonly Mutant[] = [
  {
    name: 'outcome-without-attempt',
    breaks: 'an older attempt writes its outcome over the attempt that is at work',
    edits: [
      {
        file: OUTCOME,
        find: '        ifCurrent(attempt),\n',
        replace:
          "        sql`${migrations.name} = ${attempt.migration} and ${migrations.status} = 'in_progress'`,\n",
      },
    ],
    scenario: 'takeover',
  },
  {
    name: 'stop-not-waited-for',
    breaks: 'a migration is called paused while a statement of it still runs',
    edits: [
      {
        file: 'activities/attempt/runAttempt.ts',
        find: 'await cleanUp(deps, run, job);',
        replace: 'if (stop.reason === undefined) await cleanUp(deps, run, job);',
      },
    ],
    scenario: 'pause during a statement',
  },
  {
    name: 'interrupted-not-listed',
    breaks: 'a migration whose run was terminated is never taken up again',
    edits: [
      {
        file: 'drizzle/rows/pendingPages.ts',
        find: 'inArray(migrations.status, [...pending]),',
        replace: "inArray(migrations.status, pending.filter((each) => each !== 'in_progress')),",
      },
    ],
    scenario: 'run terminated',
  },
  {
    name: 'completed-before-it-is-on-disk',
    breaks: 'a migration that was seen completed is not completed after a crash of the server',
    edits: [
      { file: OUTCOME, find: 'await tx.execute(COMMIT_DURABLY);', replace: 'void COMMIT_DURABLY;' },
      { file: 'drizzle/workerDatabase.ts', find: 'durable: true,', replace: 'durable: false,' },
      {
        file: 'jobs/thread/entry.ts',
        find: 'await tx.execute(COMMIT_DURABLY);',
        replace: 'void COMMIT_DURABLY;',
      },
      {
        file: 'jobs/context/walk/store.ts',
        find: 'await tx.execute(COMMIT_DURABLY);',
        replace: 'void COMMIT_DURABLY;',
      },
    ],
    scenario: 'crash at completion',
  },
  {
    name: 'verify-not-asked',
    breaks: 'a migration counts as completed although its verify() finds rows that are not done',
    edits: [
      {
        file: 'jobs/thread/entry.ts',
        find: 'await verifyJob(job.verify, context);',
        replace: 'void verifyJob;',
      },
    ],
    scenario: 'rows left for verify',
  },
  {
    name: 'row-values-in-errors',
    breaks: 'an error of Postgres brings a value of a row to logs, columns and Temporal',
    edits: [
      {
        file: 'jobs/process/describeError.ts',
        find: "if (origin === 'ours') return message;",
        replace: "if (origin === 'ours' || origin === 'postgres') return message;",
      },
      {
        file: 'activities/attempt/errorText.ts',
        find: "if (error.origin === 'postgres') return postgres(error);",
        replace:
          "if (error.origin === 'postgres') return `${postgres(error)} ${error.message ?? ''}`;",
      },
    ],
    scenario: 'error that quotes a row',
  },
];
