import type { Command } from 'commander';
import { readRoles } from '../grants/roles';
import { grantsScript } from '../grants/script';
import { answer, say } from '../terminal/output';

export function addGrants(program: Command): void {
  program
    .command('grants')
    .description('Prints the SQL that gives each role its rights. Runs nothing.')
    .option('--owner <role>', 'runs lrm migrate, and owns our tables')
    .option('--worker <role>', 'of DATABASE_URL where workers run')
    .option('--operator <role>', 'of DATABASE_URL where people type lrm')
    .option('--visitor <role>', 'in a further database: of LRM_DATABASE_<NAME>_URL')
    .option('--job <role>', 'of LRM_JOB_DATABASE_URL, for jobs with a role of their own')
    .addHelpText(
      'after',
      `
Without options, it prints them for the roles lrm_owner, lrm_worker and
lrm_operator. Needs no connection. Have the owner of our tables run it after
npx lrm migrate, and again after each upgrade; lrm doctor says what is missing.
Rights on the tables of the application are up to you: jobs need them.

Examples:
  npx lrm grants
  npx lrm grants --worker app --operator ops
  npx lrm grants --owner admin --visitor app
  npx lrm grants --owner lrm_owner --worker lrm_worker --job app`,
    )
    .action(grants);
}

type Options = Parameters<typeof readRoles>[0];

function grants(options: Options): void {
  const script = grantsScript(readRoles(options));
  for (const line of script) say(line);
  answer({ sql: script.join('\n') });
}
