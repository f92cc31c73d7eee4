import type { Command } from 'commander';
import { projectFolder } from '../../settings/projectFolder';
import { scaffold } from '../new/scaffold';
import { answer, say } from '../terminal/output';

export function addNew(program: Command): void {
  program
    .command('new')
    .description('Creates a migration: its job, its registration, and a test that passes.')
    .argument('<description...>', 'a few words that describe it')
    .addHelpText(
      'after',
      `
Takes the next number. drizzle-kit adds the registration to drizzle/sql. Needs
no server.

Example:
  npx lrm new backfill email lower`,
    )
    .action(newCommand);
}

function newCommand(words: string[]): void {
  const { name, job, registration, test } = scaffold(projectFolder, words.join(' '));
  answer({ name, job, registration, test });
  say(`${name}:
  ${job}  the work: write it here
  ${registration}  registers it
  ${test}  its test, on a real database

Next: write run(), and add rows for it to the test. Then type
  npx jest ${test}
On a server, after the deploy: npx lrm migrate registers it, and the next run executes it.`);
}
