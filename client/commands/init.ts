import type { Command } from 'commander';
import { readApplication } from '../../settings/application';
import { packageManager } from '../../settings/packageManager';
import { projectFolder } from '../../settings/projectFolder';
import { UsageError } from '../../settings/usageError';
import { type Layout, readLayout, testCommand } from '../application/layout';
import { createFiles } from '../application/newFiles';
import { applyEdits } from '../init/edits';
import { compiledJobs, HELLO, type Plan, plan } from '../init/plan';
import { answer, say } from '../terminal/output';

export function addInit(program: Command): void {
  program
    .command('init')
    .description('Prepares your application: lrm.config, a folder of jobs, scripts.')
    .option('--dry-run', 'only show what would be written', false)
    .addHelpText(
      'after',
      `
Finds out by itself which package manager, module system, migrations (Drizzle,
Prisma, SQL files) and test runner the application uses. Overwrites nothing; a
second time it changes nothing.

Example:
  npx lrm init --dry-run`,
    )
    .action(init);
}

async function init({ dryRun }: { dryRun: boolean }): Promise<void> {
  const application = await readApplication();
  const { folder } = application;
  if (folder === projectFolder) {
    throw new UsageError('this is the checkout of long-running-migrations: go to your application');
  }
  const layout = readLayout(folder);
  const planned = plan(application, layout);
  const { create, edit, notes } = planned;
  if (!dryRun) createFiles(folder, create, () => applyEdits(folder, edit));
  const created = create.map(({ file }) => file);
  const changed = edit.map(({ file, added }) => ({ file, added }));
  const next = created.length > 0 ? nextSteps(layout, planned) : [];
  answer({ folder, dryRun, created, changed, notes, next });
  if (created.length + changed.length === 0) {
    say('everything is there already: nothing was changed');
  } else {
    say(dryRun ? `In ${folder} it would:` : `In ${folder}:`);
    for (const file of created) say(`  created  ${file}`);
    for (const { file, added } of changed) say(`  changed  ${file}: ${added}`);
  }
  for (const note of notes) say(`\nTo do: ${note}`);
  if (next.length > 0) say(`\nNext, type:\n${next.map((each) => `  ${each}`).join('\n')}`);
}

function nextSteps(layout: Layout, { test, create }: Plan): string[] {
  const { exec } = packageManager(layout.folder);
  const compiled = compiledJobs(layout);
  return [
    `${exec} lrm dev                  Postgres, Temporal and a worker for development`,
    ...(test
      ? [
          `${exec} lrm register ${HELLO}  in another terminal: registers the first job`,
          `${exec} lrm run                  executes it now`,
          `${testCommand(layout, exec, test)}  tests it, on the database of TEST_DATABASE_URL`,
        ]
      : []),
    `${exec} lrm new backfill email   writes a job of your own`,
    ...(compiled && create.length > 0
      ? [`in production: LRM_JOBS_DIR=${compiled} ${exec} lrm worker`]
      : []),
  ];
}
