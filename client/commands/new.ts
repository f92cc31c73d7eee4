import type { Command } from 'commander';
import { readApplication } from '../../settings/application';
import { packageManager } from '../../settings/packageManager';
import { UsageError } from '../../settings/usageError';
import { readLayout, testCommand } from '../application/layout';
import { registrationSql } from '../new/registration';
import { scaffold } from '../new/scaffold';
import { answer, say } from '../terminal/output';

export function addNew(program: Command): void {
  program
    .command('new')
    .description('Creates a migration in your application: its job, its registration, a test.')
    .argument('<description...>', 'a few words that describe it')
    .addHelpText(
      'after',
      `
Takes the next number. The registration becomes a migration of your application's
own, as lrm.config says: by drizzle-kit, for Prisma, or a numbered SQL file. Needs
no server.

Example:
  npx lrm new backfill email lower`,
    )
    .action(newCommand);
}

async function newCommand(words: string[]): Promise<void> {
  const application = await readApplication();
  const { exec } = packageManager(application.folder);
  if (!application.configFile) {
    throw new UsageError(
      `there is no lrm.config file in ${application.folder}; type: ${exec} lrm init`,
    );
  }
  const layout = readLayout(application.folder);
  const { name, job, registration, test } = await scaffold(application, layout, words.join(' '));
  const sql = registrationSql(name);
  answer({ name, job, registration, test, sql });
  say(`${name}:
  ${job}  the work: write it here
  ${registration ? `${registration}  registers it\n  ` : ''}${test}  its test, on a real database
${registration ? '' : `\nPut this into your next schema migration. It registers the job:\n\n${sql}`}
Next: write run(), and add rows for it to the test. Then type
  ${testCommand(layout, exec, test)}
On a server: apply your migrations and ${exec} lrm migrate, in any order; the next run executes it.`);
}
