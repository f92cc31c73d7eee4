import type { Command } from 'commander';
import { projectFolder } from '../../settings/projectFolder';
import { scaffold } from '../new/scaffold';
import { answer, say } from '../terminal/output';

export function addNew(program: Command): void {
  program
    .command('new')
    .description('Begins a migration: its job, what registers it, and a test that passes.')
    .argument('<description...>', 'a few words')
    .addHelpText(
      'after',
      `
Takes the next number and has drizzle-kit add the registration to drizzle/sql. Needs no server.

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

Next: write run(), and rows for it into the test; then
  npx jest ${test}
On a server, after the deploy: npx lrm migrate registers it, and the next run executes it.`);
}
