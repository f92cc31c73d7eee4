import { type Command, Option } from 'commander';
import { readApplication } from '../../settings/application';
import { packageManager } from '../../settings/packageManager';
import { UsageError } from '../../settings/usageError';
import { readLayout, testCommand } from '../application/layout';
import { askKind, DEFAULT_KIND } from '../new/askKind';
import { KIND_NAMES, KINDS, type KindName, kindLines } from '../new/kinds/index';
import { registrationSql } from '../new/registration';
import { scaffold } from '../new/scaffold';
import { answer, asJson, say } from '../terminal/output';

export function addNew(program: Command): void {
  program
    .command('new')
    .description('Creates a migration in your application: its job, its registration, a test.')
    .argument('<description...>', 'a few words that describe it')
    .addOption(
      new Option('--kind <kind>', `what it does: ${KIND_NAMES.join(', ')}`).choices(KIND_NAMES),
    )
    .addHelpText(
      'after',
      `
Takes the next number. The registration becomes a migration of your application's
own, as lrm.config says: by drizzle-kit, for Prisma, or a numbered SQL file. Needs
no server. The job and its test work as they are, on a table of the test.

Kinds (asked for on a terminal, else batches):
${kindLines()
  .map((line) => `  ${line}`)
  .join('\n')}

Example:
  npx lrm new backfill email lower --kind rows`,
    )
    .action(newCommand);
}

async function newCommand(words: string[], { kind }: { kind?: KindName }): Promise<void> {
  const application = await readApplication();
  const { exec } = packageManager(application.folder);
  if (!application.configFile) {
    throw new UsageError(
      `there is no lrm.config file in ${application.folder}; type: ${exec} lrm init`,
    );
  }
  const layout = readLayout(application.folder);
  const chosen = KINDS[kind ?? (await defaultKind())];
  const made = await scaffold(application, layout, words.join(' '), chosen);
  const { name, job, registration, test } = made;
  const sql = registrationSql(name);
  answer({ name, job, registration, test, sql });
  say(`${name}:
  ${job}  the work: write it here
  ${registration ? `${registration}  registers it\n  ` : ''}${test}  its test, on a real database
${registration ? '' : `\nPut this into your next schema migration. It registers the job:\n\n${sql}`}
Its table is an example. Put yours into both files; then type
  ${testCommand(layout, exec, test)}
On a server: apply your migrations and ${exec} lrm migrate, in any order; the next run executes it.`);
}

const defaultKind = async (): Promise<KindName> =>
  process.stdin.isTTY && !asJson ? askKind(process.stdin, process.stderr) : DEFAULT_KIND;
